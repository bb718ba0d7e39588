import { existsSync, renameSync, statSync } from "node:fs";
import { RecordingError } from "../core/errors.ts";
import { openSqlite, type Sqlite } from "../sqlite.ts";
import { fileError, openDatabase } from "./database.ts";
import type { LedgerContext } from "./index.ts";
import { outcomesOfEntries, schemaVersion } from "./schema.ts";

const chunkRows = 4_096;
/** Indexes included; bounds the search where the end of a table cannot be read. */
const leastRowBytes = 400;

export interface Salvage {
  /** Where the old file stands now; absent when there was none. */
  readonly aside?: string;
  /** Entries that could be carried over. */
  readonly entries: number;
}

/**
 * Moves the ledger at `path` aside and makes a new one with all that can still be read of it: entries, tombstones, run
 * records and audit lines, each as it stands. Refuses a ledger that is not damaged but newer, or another program's.
 */
export function salvageLedger(path: string, { clock }: LedgerContext): Salvage {
  if (!existsSync(path)) {
    openDatabase(path, false).close();
    return { entries: 0 };
  }
  refuseSound(path);
  const aside = `${path}.aside-${new Date(clock.now()).toISOString().replace(/[-:]|\.\d+/g, "")}`;
  try {
    for (const suffix of ["", "-wal", "-shm"]) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  } catch (error) {
    throw fileError(error, path);
  }
  const database = openDatabase(path, false);
  try {
    return { aside, entries: database.read(() => copyAll(database.sqlite, aside)) };
  } finally {
    database.close();
  }
}

function refuseSound(path: string): void {
  const sqlite = openSqlite(path, { readOnly: true });
  try {
    schemaVersion(sqlite, path);
  } catch (error) {
    if (error instanceof RecordingError) throw error;
  } finally {
    sqlite.close();
  }
}

function copyAll(sqlite: Sqlite, aside: string): number {
  if (readable(() => sqlite.prepare("ATTACH ? AS old").run(aside)) === undefined) return 0;
  const [entries = 0] = ["recordings", "runs", "audits", "outcomes"].map((table) =>
    copyRows(sqlite, table, statSync(aside).size),
  );
  if (!hasOutcomes(sqlite)) sqlite.exec(outcomesOfEntries);
  sqlite.exec(lostTombstones);
  // The runs that held them are over, whatever became of them.
  sqlite.exec("UPDATE recordings SET lease_owner = NULL WHERE lease_owner IS NOT NULL");
  for (const table of ["kept", "chains", "purging"]) {
    readable(() => sqlite.exec(`INSERT OR IGNORE INTO main.${table} SELECT * FROM old.${table}`));
  }
  for (const table of ["runs", "audits"]) {
    sqlite.exec(`INSERT OR IGNORE INTO chains SELECT '${table}', seq, hash FROM ${table} ORDER BY seq DESC LIMIT 1`);
  }
  return entries;
}

/** What was purged stays so, though its entry is lost: its last outcome tells. */
const lostTombstones = `
  INSERT OR IGNORE INTO recordings (key, source, id, state, first_seen, changed)
    SELECT key, substr(key, 1, instr(key, '/') - 1), replace(key, rtrim(key, replace(key, '/', '')), ''), 'purged', at, at
    FROM (SELECT key, state, at, max(seq) FROM outcomes GROUP BY key) WHERE state = 'purged'`;

/** Ledgers of before have none: what their entries say stands for them. */
function hasOutcomes(sqlite: Sqlite): boolean {
  return readable(() => sqlite.prepare("PRAGMA old.table_info(outcomes)").all().length > 0) ?? true;
}

/** Copies what can be read of a table, around what cannot; counts the rows. */
function copyRows(sqlite: Sqlite, table: string, fileSize: number): number {
  const seqOf = (of: string) =>
    readable(() =>
      Number((sqlite.prepare(`SELECT ${of}(seq) AS seq FROM old.${table}`).get() as { seq: unknown }).seq),
    );
  const first = seqOf("min");
  if (first === undefined) return 0;
  const last = seqOf("max") ?? Math.ceil(fileSize / leastRowBytes);
  const columns = sharedColumns(sqlite, table);
  if (columns === "") return 0;
  const copy = sqlite.prepare(
    `INSERT OR IGNORE INTO main.${table} (${columns}) SELECT ${columns} FROM old.${table} WHERE seq BETWEEN ? AND ?`,
  );
  const copyRange = (from: number, to: number): number => {
    const copied = readable(() => Number(copy.run(from, to).changes));
    if (copied !== undefined || from === to) return copied ?? 0;
    const middle = Math.floor((from + to) / 2);
    return copyRange(from, middle) + copyRange(middle + 1, to);
  };
  let rows = 0;
  for (let from = first; from <= last; from += chunkRows) rows += copyRange(from, Math.min(last, from + chunkRows - 1));
  return rows;
}

/** What the old table and the new one both have: an older ledger lacks what was added since. */
function sharedColumns(sqlite: Sqlite, table: string): string {
  const columnsOf = (schema: string) =>
    (sqlite.prepare(`PRAGMA ${schema}.table_info(${table})`).all() as { name: string }[]).map(({ name }) => name);
  const old = new Set(columnsOf("old"));
  return columnsOf("main")
    .filter((name) => old.has(name))
    .join(", ");
}

/** The result of reading the old file, or undefined where that is damaged. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (fileError(error, "").code === "ledger") return undefined;
    throw error;
  }
}
