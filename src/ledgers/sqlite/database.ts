import { existsSync, linkSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { RecordingError } from "../../core/model/errors.ts";
import { diskError } from "../../platform/disk-error.ts";
import { isNameBeside, nameBeside } from "../../platform/files.ts";
import { makeFolders } from "../../platform/make-folders.ts";
import {
  type FileWords,
  makePrivateFile,
  openSqlite,
  rollBack,
  type Sqlite,
  sqliteError,
  tryLockFile,
  tryShareLockFile,
} from "../../platform/sqlite.ts";
import { migrate, schemaVersion } from "./schema.ts";

/** How long a connection waits for another's lock. */
export const busyMs = 15_000;
const checkpointPages = 4_000;

/** The ledger's file: SQL for the rooms around it, with every error turned into a RecordingError. */
export interface Database {
  readonly path: string;
  readonly sqlite: Sqlite;
  read<T>(work: () => T): T;
  /** Throws `ledger` when the file is damaged anywhere. */
  check(): void;
  /** Runs `work` in one transaction; inside another `write` it becomes part of that. */
  write<T>(work: () => T): T;
  close(): void;
}

/** Opens the ledger at `path` (file 0600, new folders 0700) and brings it to the current version. */
export function openDatabase(path: string, readOnly: boolean): Database {
  return openHeld(path, readOnly, () => {});
}

/** `closed` is called once the database is closed. */
function openHeld(path: string, readOnly: boolean, closed: () => void): Database {
  try {
    const sqlite = readOnly ? openForReading(path) : openForWriting(path);
    return databaseOf(path, sqlite, readOnly, closed);
  } catch (error) {
    throw fileError(error, path);
  }
}

function openForWriting(path: string): Sqlite {
  makePrivateFolder(dirname(path));
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) makeWhole(path);
  else if (stat.nlink > 1) forgetOtherNames(path, stat.ino);
  makePrivateFile(path);
  return prepared(openSqlite(path), (sqlite) => {
    sqlite.exec(`PRAGMA busy_timeout = ${busyMs}`);
    migrate(sqlite, path);
    sqlite.exec("PRAGMA journal_mode = WAL");
    sqlite.exec(
      `PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${checkpointPages}; PRAGMA secure_delete = FAST`,
    );
  });
}

/**
 * Makes a new ledger that has its name only once it is whole: a run that is killed meanwhile leaves none, and never an
 * empty one, which would look like a loss. Whoever comes first with another's has won.
 */
function makeWhole(path: string): void {
  const made = nameBeside(path);
  try {
    makePrivateFile(made);
    prepared(openSqlite(made), (sqlite) => migrate(sqlite, path)).close();
    nameNew(made, path);
  } finally {
    for (const suffix of ["", "-journal"]) rmSync(made + suffix, { force: true });
  }
}

/** A run that was killed while it made the ledger may have left it the name that it had meanwhile. */
function forgetOtherNames(path: string, inode: number): void {
  for (const name of readdirSync(dirname(path))) {
    const other = join(dirname(path), name);
    if (isNameBeside(other, path) && lstatSync(other).ino === inode) rmSync(other);
  }
}

/** Gives a file a name that nothing has yet; where there are no hard links, by renaming. */
function nameNew(made: string, path: string): void {
  try {
    linkSync(made, path);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST" && !existsSync(path)) renameSync(made, path);
  }
}

function openForReading(path: string): Sqlite {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    throw new RecordingError("usage", `There is no ledger at ${path}: give the archive's folder with --dest.`);
  }
  const sqlite = openSqlite(path, { readOnly: true });
  return prepared(sqlite, () => {
    sqlite.exec(`PRAGMA busy_timeout = ${busyMs}`);
    if (schemaVersion(sqlite, path) === "older") throw new RecordingError("ledger", olderMessage(path));
  });
}

function prepared(sqlite: Sqlite, prepare: (sqlite: Sqlite) => void): Sqlite {
  try {
    prepare(sqlite);
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

function olderMessage(path: string): string {
  return `The ledger ${path} was made by an older callreel: run \`callreel download\` or \`callreel verify\` once to bring it up to date.`;
}

function databaseOf(path: string, sqlite: Sqlite, readOnly: boolean, closed: () => void): Database {
  let writing = false;
  const opened = fileAt(path);
  const mustStand = () => {
    if (fileAt(path) !== opened) throw replaced(path);
  };
  const read = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw fileError(error, path);
    } finally {
      // What is read of a file that stands there no more is stale, and that explains whatever SQLite finds wrong with it.
      if (!writing) mustStand();
    }
  };
  const transaction = <T>(work: () => T): T => {
    sqlite.exec("BEGIN IMMEDIATE");
    writing = true;
    try {
      const result = work();
      mustStand();
      sqlite.exec("COMMIT");
      return result;
    } catch (error) {
      rollBack(sqlite);
      throw error;
    } finally {
      writing = false;
    }
  };
  return {
    path,
    sqlite,
    read,
    check: () => {
      const row = read(() => sqlite.prepare("PRAGMA quick_check(1)").get()) as { quick_check: string };
      if (row.quick_check !== "ok") throw fileError(new Error("malformed"), path);
    },
    write: (work) => read(() => (writing ? work() : transaction(work))),
    close: () => {
      if (!readOnly) quietly(() => sqlite.exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)"));
      sqlite.close();
      closed();
    },
  };
}

/** What tells the file at a path from every other one; an emptied one is none. */
function fileAt(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined || stat.size === 0n ? undefined : `${stat.dev}:${stat.ino}`;
}

function replaced(path: string): RecordingError {
  const remedy =
    "Put it back, or run `callreel verify --rebuild`; then run again: files that came meanwhile are found in place";
  return new RecordingError("ledger", `The ledger ${path} was deleted, emptied or replaced while in use. ${remedy}.`);
}

/** For what may fail without harm. */
export function quietly(work: () => void): void {
  try {
    work();
  } catch {}
}

/** Makes a folder that only this user can read; a symlink in its place is refused (`unsafe-path`). */
export function makePrivateFolder(path: string): void {
  try {
    makeFolders(path);
  } catch (error) {
    throw diskError(error, path);
  }
  if (!lstatSync(path).isSymbolicLink()) return;
  throw new RecordingError("unsafe-path", `${path} is a symbolic link: replace it with the folder itself.`);
}

function wordsOf(path: string): FileWords {
  const remedy = "run `callreel verify --rebuild` to rebuild it from the files, which loses no audio";
  return { name: `The ledger ${path}`, damaged: { code: "ledger", remedy }, busy: "locked" };
}

/** What SQLite or the file system said, as a RecordingError with the remedy. */
export function fileError(error: unknown, path: string, name = `The ledger ${path}`): RecordingError {
  return sqliteError(error, { ...wordsOf(path), name });
}

const lockOf = (path: string) => `${path}-open`;

/**
 * Opens the ledger as `openDatabase` does and holds it against being replaced until it is closed: whoever has a ledger
 * open shares one lock, and who puts a new one in its place needs that alone.
 */
export function openDatabaseInUse(path: string, readOnly: boolean): Database {
  const lock = share(path, readOnly);
  try {
    return openHeld(path, readOnly, () => lock?.release());
  } catch (error) {
    lock?.release();
    throw error;
  }
}

function share(path: string, readOnly: boolean): { release(): void } | undefined {
  // A look must not make anything where nothing is.
  if (readOnly && !existsSync(path)) return undefined;
  try {
    if (!readOnly) makePrivateFolder(dirname(path));
    const lock = tryShareLockFile(lockOf(path), busyMs);
    if (lock !== undefined) return lock;
  } catch (error) {
    const told = fileError(error, path);
    // Who cannot write beside the ledger reads it all the same, and notices when it is replaced.
    if (readOnly && (told.code === "disk-denied" || told.code === "disk-read-only")) return undefined;
    throw told;
  }
  throw new RecordingError(
    "locked",
    `The ledger ${path} is being rebuilt or copied (\`verify --rebuild\`, \`ledger copy\`): try again later.`,
  );
}

/** Holds the ledger at `path` alone, so that it can be replaced; undefined while anybody has it open. */
export function tryReserveLedger(path: string): { release(): void } | undefined {
  try {
    makePrivateFolder(dirname(path));
    return tryLockFile(lockOf(path));
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Who has the ledger open, in words for a person. */
export function ledgerUsers(path: string): string {
  const pids = lockHolders(lockOf(path));
  return pids.length === 0 ? "another process" : `PID ${pids.join(", ")}`;
}

/** As Linux tells it; nobody where it is not Linux or the holder is on another machine. */
function lockHolders(lock: string): number[] {
  try {
    const { ino } = statSync(lock, { bigint: true });
    const held = new RegExp(`^\\d+: POSIX +\\S+ +(?:READ|WRITE) +(\\d+) \\S+:${ino} `, "gm");
    const pids = [...readFileSync("/proc/locks", "utf8").matchAll(held)].map(([, pid]) => Number(pid));
    return [...new Set(pids)].sort((a, b) => a - b);
  } catch {
    return [];
  }
}
