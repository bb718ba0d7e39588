/*
 * Locks are SQLite's own (`tryLockFile`): they vanish with the process, however it ends; no stale lock files.
 */

import { closeSync, lstatSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import type { DatabaseSyncInstance } from "@photostructure/sqlite";
import { type ErrorCode, RecordingError } from "../core/model/errors.ts";

const require = createRequire(import.meta.url);

export type Sqlite = DatabaseSyncInstance;
interface SqliteModule {
  readonly DatabaseSync: new (path: string, options?: { readOnly?: boolean }) => Sqlite;
}

let loaded: SqliteModule | undefined;

/** Opens a SQLite file with Node's own module (22.13 and newer), else with its twin from npm. */
export function openSqlite(path: string, options: { readOnly?: boolean } = {}): Sqlite {
  loaded ??= load();
  return new loaded.DatabaseSync(path, options);
}

function load(): SqliteModule {
  // Node 22 announces its own module with an ExperimentalWarning that means nothing to the user of this program.
  const emit = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return require("node:sqlite") as SqliteModule;
  } catch {
    return require("@photostructure/sqlite") as SqliteModule;
  } finally {
    process.emitWarning = emit;
  }
}

/**
 * Writes all of the file's log into the file, so that the file alone is the database. Closing does it too, but does not say
 * when it failed; this throws what SQLite says, or `locked` while another process keeps the log in use.
 */
export function emptyLog(sqlite: Pick<Sqlite, "prepare">, name: string): void {
  const { busy } = sqlite.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
  if (busy !== 0) throw new RecordingError("locked", `${name} is kept busy by another process: try again later.`);
}

/** Gives a transaction up. SQLite may have done so by itself (full disk, I/O error): the error that led here is the one to tell. */
export function rollBack(sqlite: Pick<Sqlite, "exec">): void {
  try {
    sqlite.exec("ROLLBACK");
  } catch {}
}

/** Several reads of one moment, whatever other processes write meanwhile. */
export function atOnce<T>(sqlite: Pick<Sqlite, "exec">, read: () => T): T {
  sqlite.exec("BEGIN");
  try {
    const result = read();
    sqlite.exec("COMMIT");
    return result;
  } catch (error) {
    rollBack(sqlite);
    throw error;
  }
}

/**
 * Holds an exclusive lock between processes until `release`, or until this process ends, however it ends: the lock is
 * SQLite's own on the file `path`, which is made (0600) and left in place. Returns undefined when somebody else holds it.
 */
export function tryLockFile(path: string): { release(): void } | undefined {
  return tryLock(path, "PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
}

/** The same for a lock that any number hold at once, as long as nobody holds it alone; waits so long for that one to end. */
export function tryShareLockFile(path: string, waitMs: number): { release(): void } | undefined {
  // A read transaction holds SQLite's shared lock from its first look on.
  return tryLock(path, `PRAGMA busy_timeout = ${waitMs}; BEGIN; SELECT 1 FROM sqlite_master`);
}

function tryLock(path: string, take: string): { release(): void } | undefined {
  makePrivateFile(path);
  const database = openSqlite(path);
  try {
    database.exec(take);
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      rollBack(database);
      database.close();
    },
  };
}

/**
 * Makes an empty file with mode 0600 for SQLite to fill, unless one is there; SQLite alone would leave it readable to
 * all. A symlink in its place is refused (`unsafe-path`).
 */
export function makePrivateFile(path: string): void {
  try {
    // An existing file must not be opened here: closing it would drop the locks this process holds on it (POSIX).
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
    throw new RecordingError("unsafe-path", `${path} is a symbolic link: replace it with the file or folder itself.`);
  }
}

/** What went wrong with a database file, whatever it is for. */
type Fault = "busy" | "damaged" | "full" | "read-only" | "denied" | "too-many-files" | "io";

/** By SQLite's primary result code (sqlite.org/rescode.html), where its words tell nothing. */
const faultsByCode: Readonly<Record<number, Fault>> = {
  3: "denied",
  5: "busy",
  6: "busy",
  8: "read-only",
  10: "io",
  11: "damaged",
  13: "full",
  14: "denied",
  15: "busy",
  17: "busy",
  18: "damaged",
  19: "damaged",
  20: "damaged",
  22: "io",
  23: "denied",
  26: "damaged",
};

/** By the words of SQLite, of the file system, and of whoever reads what stands in a damaged row. */
const faultsByText: readonly (readonly [RegExp, Fault])[] = [
  [/database is locked|SQLITE_BUSY/i, "busy"],
  [
    /malformed|not a database|unsupported file format|no such (table|column|index|view)|has no column|cannot hold BLOB/i,
    "damaged",
  ],
  [/ in JSON|Unexpected end of JSON|Invalid time value/i, "damaged"],
  [/is full|ENOSPC|EDQUOT/i, "full"],
  [/readonly database|EROFS/i, "read-only"],
  // ENOENT is what Node says of a folder that cannot be made on a read-only disk.
  [/unable to open|EACCES|EPERM|ENOTDIR|EISDIR|EEXIST|ENOENT|authoriz/i, "denied"],
  [/EMFILE|ENFILE/, "too-many-files"],
  [/disk I\/O error|EIO/i, "io"],
];

function faultOf(error: unknown): Fault | undefined {
  const { errcode } = error as { errcode?: unknown };
  const byText = faultsByText.find(([words]) => words.test(textOf(error)))?.[1];
  return byText ?? (typeof errcode === "number" ? faultsByCode[errcode & 0xff] : undefined);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether SQLite refused because another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && faultOf(error) === "busy";
}

/** Whether SQLite itself threw it, not whoever used it. */
export function isSqliteError(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === "ERR_SQLITE_ERROR";
}

/** How the file of some purpose speaks of itself where it is damaged, and which code it has then and while it is busy. */
export interface FileWords {
  /** What the file is, with its path. */
  readonly name: string;
  readonly damaged: { readonly code: ErrorCode; readonly remedy: string };
  readonly busy: ErrorCode;
}

const told: Readonly<Record<Exclude<Fault, "busy" | "damaged">, readonly [ErrorCode, string]>> = {
  full: ["disk-full", "its disk is full: free some space and run again"],
  "read-only": ["disk-read-only", "it cannot be written: it or its disk is read-only"],
  denied: ["disk-denied", "it cannot be opened: check that you may read and write it and its folder"],
  "too-many-files": ["too-many-files", "too many files are open: lower --transfers"],
  io: ["disk-io", "its disk failed while it was used, or is full: check it"],
};

/** What SQLite or the file system said of a database file, as a RecordingError with the remedy; `bug` where it is none of these. */
export function sqliteError(error: unknown, { name, damaged, busy }: FileWords): RecordingError {
  if (error instanceof RecordingError) return error;
  const fault = faultOf(error);
  const tell = (code: ErrorCode, words: string) => new RecordingError(code, `${name}: ${words}.`, { cause: error });
  if (fault === undefined) return tell("bug", `unexpected error: ${textOf(error)}`);
  if (fault === "busy") return tell(busy, "another process keeps it busy: try again later");
  return fault === "damaged" ? tell(damaged.code, `it is damaged: ${damaged.remedy}`) : tell(...told[fault]);
}
