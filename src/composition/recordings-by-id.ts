import type { Invocation } from "../cli/io.ts";
import { openCallMemory } from "../core/download/call-memory.ts";
import { traitsOf } from "../core/download/call-traits.ts";
import { type RowRules, type Work, workFromRows } from "../core/download/work.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { RecordingKey, RecordingRef } from "../core/model/recording.ts";
import { defaultTemplate } from "../core/naming/path-template.ts";
import { formatNumberOf, printable } from "../core/text.ts";
import type { Notes } from "./listed-work.ts";
import { wireReader } from "./rows.ts";
import type { SourceSet } from "./sources.ts";

/**
 * Recordings that a person named one by one, with what is known of their calls, so that files get real names: from rows
 * given beside them, else from the ledger, else from the system itself, by one request for all. A call is never guessed:
 * what nobody tells is told.
 */
export async function* namedWork(
  { settings, flags, io }: Invocation,
  named: readonly RecordingRef[],
  { sources }: SourceSet,
  { entriesOf }: Notes,
  rules: RowRules,
): AsyncIterable<Work> {
  // Rows that the environment or a profile names speak of other runs.
  const reads = flags.rows !== undefined || flags.database !== undefined;
  const reader = reads ? await wireReader(settings, {}, io) : undefined;
  const rows = reader === undefined ? noRows : await callsInRows(named, workFromRows(reader.rows(io.stop), rules));
  const refs = named.map((ref) => withRow(ref, rows.refs.get(ref.key)));
  const entries = await entriesOf?.(refs.map(({ key }) => key));
  const known = (ref: RecordingRef, at: number) =>
    entries === undefined || ref.call.start !== undefined || entries[at]?.ref.call.start !== undefined;
  const unknown = refs.filter((ref, at) => !known(ref, at));
  const told = new Map<RecordingKey, RecordingRef>();
  for (const source of sources.values()) {
    const own = unknown.filter((ref) => ref.source === source.name);
    if (own.length === 0) continue;
    for (const ref of (await source.described?.(own, io.stop)) ?? []) told.set(ref.key, ref);
  }
  const untold = refs.filter(
    (ref, at) => !known(ref, at) && told.get(ref.key)?.call.start === undefined && entries?.[at]?.state !== "done",
  );
  const events = [...rows.events, ...untoldNotice(untold, settings.output)];
  yield { refs: refs.map((ref) => told.get(ref.key) ?? ref), events };
}

interface FoundRows {
  readonly refs: ReadonlyMap<RecordingKey, RecordingRef>;
  readonly events: readonly DownloadEvent[];
}

const noRows: FoundRows = { refs: new Map(), events: [] };

/** The rows of the named recordings; where two speak of different calls, neither is believed. */
async function callsInRows(named: readonly RecordingRef[], work: AsyncIterable<Work>): Promise<FoundRows> {
  const wanted = new Set(named.map(({ key }) => key));
  const refs = new Map<RecordingKey, RecordingRef>();
  const calls = openCallMemory();
  const conflicts = new Set<RecordingKey>();
  const heard: DownloadEvent[] = [];
  for await (const piece of work) {
    heard.push(
      ...piece.events.filter(({ event }) => event === "row-rejected" || event === "notice").slice(0, mostTold),
    );
    for (const ref of piece.refs) {
      if (!wanted.has(ref.key)) continue;
      if (calls.conflict(ref.key, traitsOf(ref.call)) !== undefined) conflicts.add(ref.key);
      if (refs.get(ref.key)?.call.start === undefined) refs.set(ref.key, ref);
    }
  }
  for (const key of conflicts) refs.delete(key);
  // A row that cannot be read matters only while a recording has none.
  const rejected = refs.size === wanted.size ? [] : heard.slice(0, mostTold);
  return { refs, events: [...rejected, ...[...conflicts].map(conflictNotice)] };
}

const mostTold = 100;

function conflictNotice(key: RecordingKey): DownloadEvent {
  const message = `The rows give two different calls for ${printable(key)}, so neither is used for its file name.`;
  return { event: "notice", level: "warning", message };
}

/** What the row says; a contentUri that was typed comes before the row's. */
function withRow(ref: RecordingRef, row: RecordingRef | undefined): RecordingRef {
  return row === undefined ? ref : { ...row, locator: { ...row.locator, ...ref.locator }, insist: true };
}

/** Fields that need no call. */
const ownFields = new Set(["id", "source", "ext"]);

function untoldNotice(refs: readonly RecordingRef[], template = defaultTemplate): DownloadEvent[] {
  const needsCall = [...template.matchAll(/\{(\w+)\}/g)].some(([, field]) => !ownFields.has(field as string));
  if (refs.length === 0 || !needsCall) return [];
  const shown = refs.slice(0, 3).map(({ id }) => printable(id));
  const names = `${shown.join(", ")}${refs.length > shown.length ? ", …" : ""}`;
  const message = `The call of ${formatNumberOf(refs.length, "recording")} (${names}) is unknown to the rows, the ledger and the newest calls in the system's log, so the file name says "unknown"; for a real name, give the call's row with --rows FILE along with the id.`;
  return [{ event: "notice", level: "warning", message }];
}
