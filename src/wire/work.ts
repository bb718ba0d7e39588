import type { Invocation } from "../command.ts";
import { RecordingError } from "../core/errors.ts";
import type { Ledger, Selection, Source } from "../core/ports.ts";
import type { RecordingRef } from "../core/recording.ts";
import { type Work, workFromRows } from "../core/work.ts";
import { inOrder } from "./in-order.ts";
import { refusePasswordInArgv, wireReader } from "./rows.ts";
import { sourceOfRow } from "./source-of-row.ts";
import type { SourceSet } from "./source-set.ts";
import { requiredSource } from "./sources.ts";

/** The work a selection comes to, and what to do once all of it was seen. */
export interface WiredWork {
  readonly work: AsyncIterable<Work>;
  /** Recordings a person named one by one. */
  readonly named: readonly RecordingRef[];
  /** Remembers how far a listing came; called only when the run saw all of it. */
  readonly complete: () => Promise<void>;
}

type Notes = Pick<Ledger, "get" | "set" | "pending">;

/** Work from ids, rows, a database or the live call log, whichever the command line names; in the order it asks for. */
export async function wireWork(...call: Parameters<typeof findWork>): Promise<WiredWork> {
  const found = await findWork(...call);
  const { orderBy } = call[0].settings;
  if (orderBy === undefined) return found;
  return { ...found, work: inOrder(found.work, orderBy === "start,desc") };
}

async function findWork(
  invocation: Invocation,
  sources: SourceSet,
  selection: Selection,
  notes: Notes,
): Promise<WiredWork> {
  const { args, settings, io, flags } = invocation;
  const nothing = async () => {};
  if (args.length > 0) {
    const named = args.map((text) => ({ ...namedRef(text, sources), insist: true as const }));
    return { work: once({ refs: named, events: [] }), named, complete: nothing };
  }
  const rules = {
    selection,
    nowMs: io.clock.now,
    sourceOf: (row: Parameters<typeof sourceOfRow>[0]) => sources.required(sourceOfRow(row, settings.source)),
  };
  refusePasswordInArgv(flags.database);
  const reader = asksForListing(invocation) ? undefined : await wireReader(settings, selection, io);
  if (reader !== undefined) return { work: workFromRows(reader.rows(io.stop), rules), named: [], complete: nothing };
  return wireListing(invocation, sources.required(requiredSource(settings)), selection, notes, rules);
}

/**
 * RingCentral's own call log, asked for on the command line by its window, comes before rows that only the environment
 * names: one environment may serve both systems.
 */
function asksForListing({ settings, flags, origins }: Invocation): boolean {
  const window = flags.from !== undefined || flags.since !== undefined;
  return settings.source === "ringcentral" && window && flags.rows === undefined && origins.rows !== undefined;
}

async function wireListing(
  { settings, io }: Invocation,
  source: Source,
  selection: Selection,
  notes: Notes,
  rules: Parameters<typeof workFromRows>[1],
): Promise<WiredWork> {
  if (source.list === undefined) {
    throw new RecordingError(
      "usage",
      "TIM has no call list to ask: give rows with --rows FILE, or read its calls table with --database URL.",
    );
  }
  const since = settings.since === "last";
  if (!since && selection.fromMs === undefined) {
    throw new RecordingError("usage", "Say which calls: --from 7d (or a date), --since last, --rows FILE, or ids.");
  }
  const toMs = Math.min(selection.toMs ?? Infinity, io.clock.now());
  const mark = `listed-until:${source.name}:${JSON.stringify(filtersOf(selection))}`;
  const fromMs = since ? await sinceLast(mark, settings.lookback ?? dayMs, toMs, notes) : selection.fromMs;
  const window: Selection = { ...selection, toMs, ...(fromMs === undefined ? {} : { fromMs }) };
  const listing = workFromRows(source.list(window, io.stop), { ...rules, selection: window });
  return {
    work: since && notes.pending !== undefined ? chain(pendingWork(notes.pending(source.name)), listing) : listing,
    named: [],
    complete: async () => {
      if (since) await notes.set?.(mark, String(toMs));
      await noteRetention(source, notes, io);
    },
  };
}

const dayMs = 24 * 60 * 60 * 1000;
/** RingCentral keeps recordings for 90 days: a first `--since last` takes everything there can be. */
const retentionMs = 90 * dayMs;

async function sinceLast(mark: string, lookbackMs: number, toMs: number, notes: Notes): Promise<number> {
  const last = Number(await notes.get?.(mark));
  return Number.isFinite(last) && last > 0 ? last - lookbackMs : toMs - retentionMs;
}

/** Asks once a day how long the system keeps recordings: `status` then tells what will expire. */
async function noteRetention(source: Source, notes: Notes, { clock, stop }: Invocation["io"]): Promise<void> {
  const asked = `retention-asked:${source.name}`;
  if (source.retentionDays === undefined || clock.now() - Number((await notes.get?.(asked)) ?? 0) < dayMs) return;
  const days = await source.retentionDays(stop).catch(() => undefined);
  if (days !== undefined) await notes.set?.(`retention-days:${source.name}`, String(days));
  await notes.set?.(asked, String(clock.now()));
}

/** The filters without the window: each set of filters has its own mark of how far it came. */
function filtersOf({ direction, extension, number, minDurationSeconds, recordingType }: Selection): unknown {
  return { direction, extension, number, minDurationSeconds, recordingType };
}

async function* pendingWork(pages: AsyncIterable<readonly RecordingRef[]>): AsyncIterable<Work> {
  for await (const refs of pages) yield { refs, events: [] };
}

async function* once(work: Work): AsyncIterable<Work> {
  yield work;
}

async function* chain<T>(...parts: AsyncIterable<T>[]): AsyncIterable<T> {
  for (const part of parts) yield* part;
}

/** The recording a person named by id, contentUri or permanent path. */
export function namedRef(text: string, { sources }: SourceSet): RecordingRef {
  for (const source of sources.values()) {
    const ref = source.named(text);
    if (ref !== undefined) return ref;
  }
  if (sources.size === 0) throw new RecordingError("usage", "No source has a login; see callreel doctor.");
  throw new RecordingError(
    "usage",
    `"${text}" is no RingCentral recording id or contentUri, and no permanent path such as /r/tim/3/4/NCS….`,
  );
}
