import { existsSync, lstatSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type ErrorCode, RecordingError } from "../core/errors.ts";
import { isBusy, makePrivateFile, openSqlite, rollBack, type Sqlite } from "../sqlite.ts";
import { migrate, schemaVersion } from "./schema.ts";

const busyMs = 15_000;
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
  try {
    const sqlite = readOnly ? openForReading(path) : openForWriting(path);
    return databaseOf(path, sqlite, readOnly);
  } catch (error) {
    throw fileError(error, path);
  }
}

function openForWriting(path: string): Sqlite {
  makePrivateFolder(dirname(path));
  makePrivateFile(path);
  return prepared(openSqlite(path), (sqlite) => {
    sqlite.exec(`PRAGMA busy_timeout = ${busyMs}`);
    migrate(sqlite, path);
    sqlite.exec(
      `PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${checkpointPages}; PRAGMA secure_delete = FAST`,
    );
  });
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

function databaseOf(path: string, sqlite: Sqlite, readOnly: boolean): Database {
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
      if (row.quick_check !== "ok") throw damaged(path);
    },
    write: (work) => read(() => (writing ? work() : transaction(work))),
    close: () => {
      if (!readOnly) quietly(() => sqlite.exec("PRAGMA wal_checkpoint(PASSIVE)"));
      sqlite.close();
    },
  };
}

/** What tells the file at a path from every other one. */
function fileAt(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}

function replaced(path: string): RecordingError {
  const remedy =
    "Put it back, or run `callreel verify --rebuild`; then run again: files that came meanwhile are found in place";
  return new RecordingError("ledger", `The ledger ${path} was deleted or replaced while it was in use. ${remedy}.`);
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
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    // Node tells ENOENT of a folder that cannot be made in one that is there (read-only disk): asked plainly, why.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || !existsSync(dirname(path))) throw error;
    mkdirSync(path, { mode: 0o700 });
  }
  if (!lstatSync(path).isSymbolicLink()) return;
  throw new RecordingError("unsafe-path", `${path} is a symbolic link: replace it by the folder itself.`);
}

function damaged(path: string, cause?: unknown): RecordingError {
  const remedy = "run `callreel verify --rebuild` to make it anew from the files, which loses no audio";
  return new RecordingError("ledger", `The ledger ${path} is damaged: ${remedy}.`, { cause });
}

/** What SQLite or the file system said, as a RecordingError with the remedy. */
export function fileError(error: unknown, path: string): RecordingError {
  if (error instanceof RecordingError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const told = (code: ErrorCode, message: string) => new RecordingError(code, message, { cause: error });
  if (isBusy(error)) return told("locked", `The ledger ${path} is kept busy by another process: try again later.`);
  if (/malformed|not a database|unsupported file format|no such (table|column)|cannot hold BLOB/i.test(text)) {
    return damaged(path, error);
  }
  if (/is full|ENOSPC|EDQUOT/i.test(text))
    return told("disk-full", `The disk of ${path} is full: make space and run again.`);
  if (/readonly database|EROFS/i.test(text))
    return told("disk-read-only", `${path} cannot be written: it is read-only.`);
  if (/unable to open|EACCES|EPERM|ENOTDIR|EISDIR|authoriz/i.test(text)) {
    return told(
      "disk-denied",
      `${path} cannot be opened: check that it is a file of yours in a folder that you may write.`,
    );
  }
  if (/EMFILE|ENFILE/.test(text))
    return told("too-many-files", `Too many open files to open ${path}: lower --transfers.`);
  if (/disk I\/O error|EIO|ENOENT/i.test(text))
    return told("disk-io", `The disk failed while ${path} was used: check it.`);
  return told("bug", `Unexpected error in the ledger ${path}: ${text}`);
}
