import { asksForWords, fitsWords } from "../../core/archive-fit.ts";
import type { CallMarks } from "../../core/download/call-traits.ts";
import { absences } from "../../core/download/evidence.ts";
import type { EntryFilter, HeldFile, LedgerEntry } from "../../core/model/ledger.ts";
import type { RecordingKey, RecordingRef, SourceName } from "../../core/model/recording.ts";
import { wanted } from "../claim-rules.ts";
import { type Condition, conditionsOf, marks, where, widerBound } from "../entry-conditions.ts";
import { entryOf, heldFileOf, isHeldWell, type RecordingRow, refOf, stateOf } from "../recording-row.ts";
import type { Database } from "./database.ts";
import { type BriefRow, briefAsJson, heldAsJson, marksAsJson, marksOf, rowAsJson } from "./json-rows.ts";
import { openSpokenWords } from "./spoken.ts";

const pageSize = 500;

/** Reading `recordings` back, page by page: memory does not grow with the archive. */
export interface Entries {
  pending(source: SourceName, runId: string, now: number): Generator<readonly RecordingRef[]>;
  matching(filter: EntryFilter): Generator<readonly LedgerEntry[]>;
  keys(filter: EntryFilter): Generator<readonly RecordingKey[]>;
  of(keys: readonly RecordingKey[]): (LedgerEntry | undefined)[];
  callsOf(keys: readonly RecordingKey[]): (CallMarks | undefined)[];
  heldOf(keys: readonly RecordingKey[]): (HeldFile | undefined)[];
}

export function openEntries(database: Database, lives: (owner: string) => boolean): Entries {
  // A table of keys whose columns have no name that `recordings` has.
  const finding = (found: string, asked = "1") =>
    database.sqlite.prepare(`
      SELECT '[' || coalesce(group_concat(json_array(at, ${found})), '') || ']' AS found
      FROM (SELECT key AS at, value FROM json_each(?)) JOIN recordings ON key = value WHERE ${asked}`);
  const [findRows, findCalls] = [finding(rowAsJson), finding(marksAsJson)];
  const findHeld = finding(heldAsJson, isHeldWell);
  function findAll<Row, Found>(find: typeof findRows, keys: readonly RecordingKey[], read: (row: Row) => Found) {
    const { found } = find.get(JSON.stringify(keys)) as { found: string };
    const all: (Found | undefined)[] = new Array(keys.length).fill(undefined);
    for (const [at, row] of JSON.parse(found) as [number, Row][]) all[at] = read(row);
    return all;
  }
  function* matchingRows<Row extends BriefRow>(columns: string, filter: EntryFilter): Generator<Row[]> {
    const { states, newestFirst = false } = filter;
    for (const rows of pages<Row>(database, columns, conditionsOf(filter, comparedWindow), newestFirst)) {
      const asked = states === undefined ? rows : rows.filter((row) => states.includes(stateOf(row, lives)));
      if (asked.length > 0) yield asked;
    }
  }
  const spokenWords = openSpokenWords(database);
  /** What a person asks for by words and numbers is compared row by row: accents and groups of digits are beyond SQL. */
  function* fittingRows(filter: EntryFilter): Generator<RecordingRow[]> {
    for (const rows of matchingRows<RecordingRow>(rowAsJson, filter)) {
      const fitting = rows.filter((row) => fitsWords(refOf(row), filter, () => spokenWords(row.seq)));
      if (fitting.length > 0) yield fitting;
    }
  }
  return {
    *pending(source, runId, now) {
      const ofSource = where("source = ? AND run_id IS NOT ?", source, runId);
      const conditions = [
        where(
          `state <> 'done' AND (state IN (${marks(wanted)}) OR state IN (${marks(absences)}) AND ${wantedStill})`,
          ...wanted,
          ...absences,
          now,
        ),
        ofSource,
      ];
      for (const rows of pages<RecordingRow>(database, rowAsJson, conditions, false)) yield rows.map(refOf);
      const short = [where("short = 1 AND state = 'done'"), ofSource];
      for (const rows of pages<RecordingRow>(database, rowAsJson, short, false)) yield rows.map(refOf);
    },
    *matching(filter) {
      const found = asksForWords(filter) ? fittingRows(filter) : matchingRows<RecordingRow>(rowAsJson, filter);
      for (const rows of found) yield rows.map((row) => entryOf(row, lives));
    },
    *keys(filter) {
      const found = asksForWords(filter) ? fittingRows(filter) : matchingRows<BriefRow>(briefAsJson, filter);
      for (const rows of found) yield rows.map(({ key }) => key);
    },
    of: (keys) => findAll(findRows, keys, (row: RecordingRow) => entryOf(row, lives)),
    callsOf: (keys) => findAll(findCalls, keys, marksOf),
    heldOf: (keys) => findAll(findHeld, keys, heldFileOf),
  };
}

/** As `isWantedStill` tells. */
const wantedStill = `(evidence IS NULL OR json_extract(evidence, '$.proven') = 0
  OR json_extract(evidence, '$.askedMs') + json_extract(evidence, '$.waitMs') <= ?)`;

/** Pages in the order of call starts, each from where the last one ended: rows that change meanwhile move nothing. */
function* pages<Row extends BriefRow>(
  database: Database,
  columns: string,
  conditions: readonly Condition[],
  newestFirst: boolean,
): Generator<Row[]> {
  const [beyond, order] = newestFirst ? ["<", "DESC"] : [">", "ASC"];
  const select = (all: readonly Condition[]) => pageReader<Row>(database, columns, all, order);
  const values = conditions.flatMap((condition) => condition.values);
  let rows = select(conditions)(...values);
  const onward = select([...conditions, { sql: `(start, seq) ${beyond} (?, ?)`, values: [] }]);
  while (rows.length > 0) {
    yield rows;
    if (rows.length < pageSize) return;
    const last = rows[rows.length - 1]!;
    rows = onward(...values, last.start, last.seq);
  }
}

function pageReader<Row>(database: Database, columns: string, conditions: readonly Condition[], order: string) {
  const sql = ["1", ...conditions.map((condition) => condition.sql)].join(" AND ");
  const statement = database.sqlite.prepare(`
    SELECT '[' || coalesce(group_concat(row), '') || ']' AS page FROM (
      SELECT ${columns} AS row FROM recordings WHERE ${sql}
      ORDER BY start ${order}, seq ${order} LIMIT ${pageSize})`);
  return (...values: (string | number)[]) =>
    database.read(() => JSON.parse((statement.get(...values) as { page: string }).page) as Row[]);
}

/** As `inWindow` compares; the wider bound in plain text lets SQLite find its place by the index. */
function comparedWindow({ fromMs, toMs, fromLocal, toLocal }: NonNullable<EntryFilter["window"]>): Condition[] {
  return [
    ...(fromMs === undefined ? [] : [widerBound(">=", fromMs), compared(">=", fromMs, fromLocal)]),
    ...(toMs === undefined ? [] : [widerBound("<", toMs), compared("<", toMs, toLocal)]),
  ];
}

function compared(sign: string, ms: number, local: string | undefined): Condition {
  const instant = new Date(ms).toISOString();
  const isInstant = "(start LIKE '%Z' OR start GLOB '*[+-][0-9][0-9]:[0-9][0-9]')";
  const sql = `CASE WHEN ${isInstant} THEN strftime('%Y-%m-%dT%H:%M:%fZ', start) ${sign} ? ELSE replace(start, ' ', 'T') ${sign} ? END`;
  return where(sql, instant, local ?? instant);
}
