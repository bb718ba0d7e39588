import { closeSync, lstatSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import type { DatabaseSyncInstance } from "@photostructure/sqlite";
import { RecordingError } from "./core/errors.ts";

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

/** Gives a transaction up. SQLite may have done so by itself (full disk, I/O error): the error that led here is the one to tell. */
export function rollBack(sqlite: Pick<Sqlite, "exec">): void {
  try {
    sqlite.exec("ROLLBACK");
  } catch {}
}

/**
 * Holds an exclusive lock between processes until `release`, or until this process ends, however it ends: the lock is
 * SQLite's own on the file `path`, which is made (0600) and left in place. Returns undefined when somebody else holds it.
 */
export function tryLockFile(path: string): { release(): void } | undefined {
  makePrivateFile(path);
  const database = openSqlite(path);
  try {
    database.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
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
    throw new RecordingError("unsafe-path", `${path} is a symbolic link: replace it by the file or folder itself.`);
  }
}

/** Whether SQLite refused because another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && /database is locked|SQLITE_BUSY/i.test(error.message);
}
