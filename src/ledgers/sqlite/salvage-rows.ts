import type { Sqlite } from "../../platform/sqlite.ts";
import { fileError } from "./database.ts";

const chunkRows = 4_096;
/** Indexes included; bounds the search where the end of a table cannot be read. */
const leastRowBytes = 400;

/** Tables whose rows are numbered and copied one by one where need be; recordings first. */
export const salvagedTables = ["recordings", "runs", "audits", "outcomes", "holds"] as const;

/** What a row of each must be for the ledger to work with it: pages that were overwritten may still read as rows. */
const sane: Readonly<Record<(typeof salvagedTables)[number], string>> = {
  recordings: `typeof(key) = 'text' AND typeof(state) = 'text' AND source IN ('ringcentral', 'tim')
    AND state IN ('pending', 'claimed', 'done', 'failed', 'gone', 'no-recording', 'forbidden', 'purged')
    AND instr(key, source || '/') = 1 AND typeof(start) = 'text' AND json_valid(locator)
    AND typeof(changed) = 'integer' AND changed BETWEEN 0 AND 8640000000000000
    AND (state <> 'done' OR (typeof(path) = 'text' AND typeof(sha256) = 'text' AND typeof(bytes) = 'integer'))`,
  runs: "typeof(run_id) = 'text' AND json_valid(reasons) AND json_valid(selection)",
  audits: "typeof(action) = 'text' AND typeof(at) = 'text'",
  outcomes: "typeof(key) = 'text' AND typeof(state) = 'text' AND typeof(at) = 'integer'",
  holds: "typeof(rule) = 'text' AND typeof(at) = 'integer' AND typeof(coalesce(removed, 0)) = 'integer'",
};

/** Copies what can be read of a table of `old` into `main`, around what cannot; counts the rows, and at most how many are lost. */
export function copyRows(
  sqlite: Sqlite,
  table: (typeof salvagedTables)[number],
  fileSize: number,
): { readonly rows: number; readonly unread: number } {
  const known = new Set(columnsOf(sqlite, "old", table));
  // What the old table and the new one both have: an older ledger lacks what was added since.
  const columns = columnsOf(sqlite, "main", table).filter((name) => known.has(name));
  if (columns.length === 0) return { rows: 0, unread: 0 };
  const endOf = (of: string) =>
    readable(() => (sqlite.prepare(`SELECT ${of}(seq) AS seq FROM old.${table}`).get() as { seq: number | null }).seq);
  const most = Math.ceil(fileSize / leastRowBytes);
  const first = plausible(endOf("min"), most) ?? 1;
  const last = plausible(endOf("max"), most) ?? most;
  const json = ["evidence", "transcripts"].filter((name) => known.has(name));
  const sound = json.map((name) => ` AND (${name} IS NULL OR json_valid(${name}))`).join("");
  const named = columns.join(", ");
  const copy = sqlite.prepare(
    `INSERT OR IGNORE INTO main.${table} (${named}) SELECT ${named} FROM old.${table}
     WHERE seq BETWEEN ? AND ? AND ${sane[table]}${sound}${noBytes(columns)}`,
  );
  let unread = 0;
  const copyRange = (from: number, to: number): number => {
    const copied = readable(() => Number(copy.run(from, to).changes));
    if (copied !== undefined) return copied;
    if (from === to) {
      unread += 1;
      return 0;
    }
    const middle = Math.floor((from + to) / 2);
    return copyRange(from, middle) + copyRange(middle + 1, to);
  };
  let rows = 0;
  for (let from = first; from <= last; from += chunkRows) rows += copyRange(from, Math.min(last, from + chunkRows - 1));
  const counted = readable(() => countOf(sqlite, table));
  return { rows, unread: counted === undefined ? Math.max(unread, 1) : Math.max(unread, counted - rows) };
}

/** Only a hash in `outcomes` is kept as bytes. */
function noBytes(columns: readonly string[]): string {
  return columns
    .filter((name) => name !== "sha256")
    .map((name) => ` AND typeof(${name}) <> 'blob'`)
    .join("");
}

/** A number that a damaged page yields may be any; one that was counted up leaves gaps, but not this many. */
function plausible(seq: number | null | undefined, most: number): number | undefined {
  const sound = typeof seq === "number" && Number.isSafeInteger(seq) && seq >= 1;
  return sound && seq <= Math.max(16 * most, 10_000_000) ? seq : undefined;
}

function countOf(sqlite: Sqlite, table: string): number {
  return (sqlite.prepare(`SELECT count(*) AS rows FROM old.${table} NOT INDEXED`).get() as { rows: number }).rows;
}

/** Copies a small table that has no numbers; false where it cannot be read whole. */
export function copyTable(sqlite: Sqlite, table: string): boolean {
  const columns = columnsOf(sqlite, "old", table).join(", ");
  if (columns === "") return true;
  const copy = () =>
    sqlite.prepare(`INSERT OR IGNORE INTO main.${table} (${columns}) SELECT ${columns} FROM old.${table}`).run();
  return readable(copy) !== undefined;
}

/** The columns of a table; none where there is no such table. */
export function columnsOf(sqlite: Sqlite, schema: string, table: string): string[] {
  const rows = readable(() => sqlite.prepare(`PRAGMA ${schema}.table_info(${table})`).all()) ?? [];
  return (rows as { name: string }[]).map(({ name }) => name);
}

/** The result of reading the old file, or undefined where that is damaged. */
export function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (fileError(error, "").code === "ledger") return undefined;
    throw error;
  }
}
