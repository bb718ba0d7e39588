import { accessSync, constants, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { RecordingError } from "../../core/model/errors.ts";
import { emptyLog, openSqlite, type Sqlite } from "../../platform/sqlite.ts";
import { lostHolds } from "../hold-rows.ts";
import type { LedgerContext } from "../index.ts";
import { fileError, openDatabase } from "./database.ts";
import { columnsOf, copyRows, copyTable, readable, salvagedTables } from "./salvage-rows.ts";
import { knowsHolds, outcomesOfEntries, schemaVersion } from "./schema.ts";

export interface Salvage {
  /** Where the old file stands now; absent when there was none. */
  readonly aside?: string;
  /** Entries that could be carried over. */
  readonly entries: number;
  /** Tables that could not be read whole, and of how many of their rows that is true at most (0: nobody can tell). */
  readonly unread: ReadonlyMap<string, number>;
}

type Copied = Pick<Salvage, "entries" | "unread">;

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
      return { aside, entries: countEntries(path), unread: new Map() };
    } else {
      beginAnew(path);
      return { entries: 0, unread: new Map() };
    }
    refuseSound(path);
    removeLedger(making);
    const copied = copyInto(making, path);
    renameSync(making, made);
    // Its log is in the file by now; what is left of it would tell what a later purge takes away.
    removeLedger(making);
    replaceBy(made, path, aside);
    return { aside, ...copied };
  } catch (error) {
    throw fileError(error, path);
  }
}

/** A ledger that was lost whole may have had holds. */
function beginAnew(path: string): void {
  const database = openDatabase(path, false);
  try {
    database.write(() => noteLostHolds(database.sqlite, "the ledger, which was lost"));
  } finally {
    database.close();
  }
}

function noteLostHolds(sqlite: Sqlite, what: string): void {
  sqlite.prepare("INSERT OR IGNORE INTO kept VALUES (?, ?)").run(lostHolds, what);
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

function copyInto(making: string, path: string): Copied {
  const database = openDatabase(making, false);
  try {
    return database.read(() => {
      const copied = copyAll(database.sqlite, path);
      // The log does not go along.
      emptyLog(database.sqlite, making);
      return copied;
    });
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

function copyAll(sqlite: Sqlite, old: string): Copied {
  const unread = new Map<string, number>();
  const { size } = statSync(old);
  if (!isAttached(sqlite, old)) {
    noteLostHolds(sqlite, "the old ledger");
    return { entries: 0, unread: nothing };
  }
  const copied = salvagedTables.map((table) => copyRows(sqlite, table, size));
  for (const [at, table] of salvagedTables.entries()) if (copied[at]!.unread > 0) unread.set(table, copied[at]!.unread);
  if (columnsOf(sqlite, "old", "outcomes").length === 0) sqlite.exec(outcomesOfEntries);
  sqlite.exec(lostTombstones);
  // The runs that held them are over, whatever became of them.
  sqlite.exec("DELETE FROM recordings WHERE named = 1");
  sqlite.exec("UPDATE recordings SET lease_owner = NULL WHERE lease_owner IS NOT NULL");
  for (const table of ["kept", "chains", "purging", "hooks", "spoken"])
    if (!copyTable(sqlite, table)) unread.set(table, 0);
  sqlite.exec(strayWords);
  if (unread.has("holds") || unread.has("kept") || lacksHolds(sqlite)) noteLostHolds(sqlite, "all of them");
  for (const table of ["runs", "audits"]) {
    sqlite.exec(`INSERT OR IGNORE INTO chains SELECT '${table}', seq, hash FROM ${table} ORDER BY seq DESC LIMIT 1`);
  }
  return { entries: copied[0]!.rows, unread };
}

/** Whether the old file must have had a table of holds that is not to be seen in it. */
function lacksHolds(sqlite: Sqlite): boolean {
  if (columnsOf(sqlite, "old", "holds").length > 0) return false;
  const row = readable(() => sqlite.prepare("PRAGMA old.user_version").get()) as { user_version: number } | undefined;
  return row === undefined || knowsHolds(row.user_version);
}

/** Whether the tables of the old file can be looked at, some of them perhaps. */
function isAttached(sqlite: Sqlite, old: string): boolean {
  accessSync(old, constants.R_OK);
  try {
    // Tables of a schema that is damaged in part are left out instead of failing all.
    sqlite.exec("PRAGMA writable_schema = ON");
    sqlite.prepare("ATTACH ? AS old").run(old);
  } catch (error) {
    // SQLite tells a damaged schema as a file that cannot be opened; this one can.
    if (["ledger", "disk-denied"].includes(fileError(error, old).code)) return false;
    throw error;
  } finally {
    sqlite.exec("PRAGMA writable_schema = OFF");
  }
  return readable(() => sqlite.prepare("SELECT count(*) FROM old.sqlite_master").get()) !== undefined;
}

const nothing: ReadonlyMap<string, number> = new Map([["the whole file", 0]]);

/** Words without their recording, or with marks that were overwritten; `verify` reads the transcripts again. */
const strayWords = `DELETE FROM spoken WHERE NOT json_valid(marks) OR typeof(words) <> 'text' OR typeof(noted) <> 'integer'
  OR recording NOT IN (SELECT seq FROM recordings WHERE state = 'done' AND transcripts IS NOT NULL)`;

/** What was purged stays so, though its entry is lost: its last outcome tells. */
const lostTombstones = `
  INSERT OR IGNORE INTO recordings (key, source, id, state, first_seen, changed)
    SELECT key, substr(key, 1, instr(key, '/') - 1), replace(key, rtrim(key, replace(key, '/', '')), ''), 'purged', at, at
    FROM (SELECT key, state, at, max(seq) FROM outcomes GROUP BY key) WHERE state = 'purged'`;
