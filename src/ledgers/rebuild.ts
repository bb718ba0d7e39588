import { existsSync, renameSync, rmSync, statSync } from "node:fs";
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
 * Makes a new ledger with all that can still be read of the one at `path` (entries, tombstones, run records and audit
 * lines, each as it stands), and puts it in its place once it is whole; the old one is kept aside. Broken off anywhere,
 * the next call completes it. Refuses a ledger that is not damaged but newer, or another program's.
 */
export function salvageLedger(path: string, { clock }: LedgerContext): Salvage {
  const aside = `${path}.aside-${new Date(clock.now()).toISOString().replace(/[-:]|\.\d+/g, "")}`;
  const [making, made] = [`${path}.new`, `${path}.rebuilt`];
  try {
    if (existsSync(path)) removeLedger(made);
    else if (existsSync(made)) {
      replaceBy(made, path, aside);
      return { aside, entries: countEntries(path) };
    } else {
      openDatabase(path, false).close();
      return { entries: 0 };
    }
    refuseSound(path);
    removeLedger(making);
    const entries = copyInto(making, path);
    renameSync(making, made);
    // Its log is in the file by now; what is left of it would tell what a later purge takes away.
    removeLedger(making);
    replaceBy(made, path, aside);
    return { aside, entries };
  } catch (error) {
    throw fileError(error, path);
  }
}

const suffixes = ["", "-wal", "-shm"] as const;

function removeLedger(path: string): void {
  for (const suffix of suffixes) rmSync(path + suffix, { force: true });
}

function countEntries(path: string): number {
  const database = openDatabase(path, true);
  try {
    const row = database.read(() => database.sqlite.prepare("SELECT count(*) AS entries FROM recordings").get());
    return (row as { entries: number }).entries;
  } finally {
    database.close();
  }
}

function copyInto(making: string, path: string): number {
  const database = openDatabase(making, false);
  try {
    return database.read(() => copyAll(database.sqlite, path));
  } finally {
    database.close();
  }
}

/** The old file goes first, which tells a later call that the new one is due; and a new one beside an old log would be spoilt. */
function replaceBy(made: string, path: string, aside: string): void {
  for (const suffix of suffixes) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  renameSync(made, path);
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

function copyAll(sqlite: Sqlite, old: string): number {
  if (readable(() => sqlite.prepare("ATTACH ? AS old").run(old)) === undefined) return 0;
  const [entries = 0] = ["recordings", "runs", "audits", "outcomes"].map((table) =>
    copyRows(sqlite, table, statSync(old).size),
  );
  if (!hasOutcomes(sqlite)) sqlite.exec(outcomesOfEntries);
  sqlite.exec(lostTombstones);
  // The runs that held them are over, whatever became of them.
  sqlite.exec("UPDATE recordings SET lease_owner = NULL WHERE lease_owner IS NOT NULL");
  for (const table of ["kept", "chains", "purging", "hooks"]) {
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
