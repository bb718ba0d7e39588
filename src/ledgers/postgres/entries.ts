import { asksForWords, fitsWords } from "../../core/archive-fit.ts";
import type { CallMarks } from "../../core/download/call-traits.ts";
import { absences } from "../../core/download/evidence.ts";
import type { EntryFilter, HeldFile, LedgerEntry } from "../../core/model/ledger.ts";
import type { RecordingKey, RecordingRef, SourceName } from "../../core/model/recording.ts";
import { inWindow } from "../../core/selection.ts";
import { wanted } from "../claim-rules.ts";
import { type Condition, conditionsOf, marks, where, widerBound } from "../entry-conditions.ts";
import { entryOf, heldFileOf, isHeldWell, type RecordingRow, refOf, stateOf } from "../recording-row.ts";
import { livingRuns } from "./leases.ts";
import { numbered, type Store, type Tables } from "./store.ts";

const pageSize = 500;

/** What is still wanted of a source, then what is held short; oldest call first. */
export async function* pending(store: Store, source: SourceName, runId: string): AsyncGenerator<RecordingRef[]> {
  const ofSource = where("source = ? AND run_id IS DISTINCT FROM ?", source, runId);
  const open = where(
    `state <> 'done' AND state <> 'purged' AND (state IN (${marks(wanted)}) OR state IN (${marks(absences)}) AND ${wantedStill})`,
    ...wanted,
    ...absences,
    await store.read(async ({ now }) => now),
  );
  const short = where("short = 1 AND state = 'done'");
  for (const conditions of [
    [open, ofSource],
    [short, ofSource],
  ]) {
    for await (const { rows } of pages(store, "*", conditions, false)) yield rows.map(refOf);
  }
}

/** As `isWantedStill` tells. */
const wantedStill = `(evidence IS NULL OR (evidence::jsonb ->> 'proven') = 'false'
  OR (evidence::jsonb ->> 'askedMs')::float8 + (evidence::jsonb ->> 'waitMs')::float8
    <= ?::float8)`;

export async function* matching(store: Store, filter: EntryFilter): AsyncGenerator<LedgerEntry[]> {
  for await (const { rows, lives } of fitting(store, filter)) yield rows.map((row) => entryOf(row, lives));
}

export async function* keysOf(store: Store, filter: EntryFilter): AsyncGenerator<RecordingKey[]> {
  for await (const { rows } of fitting(store, filter)) yield rows.map(({ key }) => key);
}

/** Each key's entry, in order. */
export async function entriesOf(tables: Tables, keys: readonly RecordingKey[]): Promise<(LedgerEntry | undefined)[]> {
  const living = await livingRuns(tables);
  const found = await rowsOf(tables, keys);
  return keys.map((key) => {
    const row = found.get(key);
    return row && entryOf(row, (owner) => living.has(owner));
  });
}

/** What tells each key's call from others, in order. */
export async function callsOf(tables: Tables, keys: readonly RecordingKey[]): Promise<(CallMarks | undefined)[]> {
  const found = await rowsOf(tables, keys);
  return keys.map((key) => {
    const row = found.get(key);
    if (row === undefined) return undefined;
    const { start, duration, direction, from, to, session } = refOf(row).call;
    return {
      ...(start !== undefined && { start }),
      ...(duration !== undefined && { duration }),
      ...(direction !== undefined && { direction }),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(session !== undefined && { session }),
    };
  });
}

/** What is held of each key, in order, where nobody found it damaged. */
export async function heldOf(tables: Tables, keys: readonly RecordingKey[]): Promise<(HeldFile | undefined)[]> {
  const columns = "key, path, bytes, audio_seconds, duration";
  const rows = await tables.rows<Pick<RecordingRow, "key" | "path" | "bytes" | "audio_seconds" | "duration">>(
    `SELECT ${columns} FROM recordings WHERE key = ANY ($1::text[]) AND ${isHeldWell}`,
    [keys],
  );
  const found = new Map(
    rows.map((row) => [row.key, heldFileOf([row.path, row.bytes, row.audio_seconds, row.duration])]),
  );
  return keys.map((key) => found.get(key));
}

async function rowsOf(tables: Tables, keys: readonly RecordingKey[]): Promise<Map<RecordingKey, RecordingRow>> {
  const rows = await tables.rows<RecordingRow>("SELECT * FROM recordings WHERE key = ANY ($1::text[])", [keys]);
  return new Map(rows.map((row) => [row.key, row]));
}

/** What SQL cannot compare is compared row by row: windows over starts of any writing, words, groups of digits. */
async function* fitting(store: Store, filter: EntryFilter): AsyncGenerator<Page> {
  const { states, window, newestFirst = false } = filter;
  for await (const { rows, lives, spoken } of pages(
    store,
    "*",
    conditionsOf(filter, widerWindow),
    newestFirst,
    asksForWords(filter),
  )) {
    const asked = rows.filter(
      (row) =>
        (states === undefined || states.includes(stateOf(row, lives))) &&
        (window === undefined || inWindow(row.start || undefined, window)) &&
        (!asksForWords(filter) || fitsWords(refOf(row), filter, () => spoken.get(row.seq))),
    );
    if (asked.length > 0) yield { rows: asked, lives, spoken };
  }
}

interface Page {
  readonly rows: RecordingRow[];
  readonly lives: (owner: string) => boolean;
  /** What was said in them, as it is searched. */
  readonly spoken: ReadonlyMap<number, string>;
}

/** Pages in the order of call starts, each from where the last one ended: rows that change meanwhile move nothing. */
async function* pages(
  store: Store,
  columns: string,
  conditions: readonly Condition[],
  newestFirst: boolean,
  withWords = false,
): AsyncGenerator<Page> {
  const [beyond, order] = newestFirst ? ["<", "DESC"] : [">", "ASC"];
  for (let last: RecordingRow | undefined; ; ) {
    const onward = last === undefined ? [] : [where(`(start, seq) ${beyond} (?, ?::bigint)`, last.start, last.seq)];
    const all = [...conditions, ...onward];
    const sql = numbered(
      `SELECT ${columns} FROM recordings WHERE ${["true", ...all.map((each) => each.sql)].join(" AND ")}
       ORDER BY start ${order}, seq ${order} LIMIT ${pageSize}`,
    );
    const page = await store.read(async (tables): Promise<Page> => {
      const living = await livingRuns(tables);
      const rows = await tables.rows<RecordingRow>(
        sql,
        all.flatMap(({ values }) => values),
      );
      const spoken = withWords ? await spokenIn(tables, rows) : new Map<number, string>();
      return { rows, lives: (owner) => living.has(owner), spoken };
    });
    if (page.rows.length > 0) yield page;
    if (page.rows.length < pageSize) return;
    last = page.rows.at(-1);
  }
}

async function spokenIn(tables: Tables, rows: readonly RecordingRow[]): Promise<Map<number, string>> {
  const found = await tables.rows<{ recording: number; words: string }>(
    "SELECT recording, replace(words, chr(10), ' ') AS words FROM spoken WHERE recording = ANY ($1::bigint[])",
    [rows.map(({ seq }) => seq)],
  );
  return new Map(found.map(({ recording, words }) => [recording, words]));
}

/** The window is wider than asked: what is left out lies outside for certain. */
function widerWindow({ fromMs, toMs }: NonNullable<EntryFilter["window"]>): Condition[] {
  return [
    ...(fromMs === undefined ? [] : [widerBound(">=", fromMs)]),
    ...(toMs === undefined ? [] : [widerBound("<", toMs)]),
  ];
}
