import { chmodSync } from "node:fs";
import { join } from "node:path";
import type { RecordingError } from "../../core/model/errors.ts";
import { makeFolders } from "../../platform/make-folders.ts";
import { isBusy, makePrivateFile, openSqlite, rollBack, type Sqlite, sqliteError } from "../../platform/sqlite.ts";

/** A document after a change: the new text, `null` to delete it, or nothing to leave it as it is. */
export interface Change<T> {
  readonly text?: string | null;
  readonly result: T;
}

/**
 * Small named documents shared by every process of the user, readable by nobody else. Each call throws a RecordingError
 * of the disk where the file is full, damaged, read-only or kept locked.
 */
export interface State extends Disposable {
  read(name: string): string | undefined;
  /** Reads and writes one document in one transaction between all processes. `change` must be quick and synchronous. */
  update<T>(name: string, change: (text: string | undefined) => Change<T>): T;
  /** A number that differs whenever another process has written since it was last asked. */
  version(): number;
}

/** Opens the shared state in `dir`, made with mode 0700; the file has mode 0600. */
export function openState(dir: string): State {
  const path = join(dir, "ringcentral.db");
  const database = openFile(dir, path);
  try {
    return told(path, () => stateOf(database, path));
  } catch (error) {
    database.close();
    throw error;
  }
}

function stateOf(database: Sqlite, path: string): State {
  let open = true;
  const select = database.prepare("SELECT text FROM documents WHERE name = ?");
  const insert = database.prepare(
    "INSERT INTO documents (name, text) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET text = excluded.text",
  );
  const remove = database.prepare("DELETE FROM documents WHERE name = ?");
  const dataVersion = database.prepare("PRAGMA data_version");
  const read = (name: string) => (select.get(name) as { text: string } | undefined)?.text;

  function update<T>(name: string, change: (text: string | undefined) => Change<T>): T {
    database.exec("BEGIN IMMEDIATE");
    try {
      const { text, result } = change(read(name));
      if (text === null) remove.run(name);
      else if (text !== undefined) insert.run(name, text);
      database.exec("COMMIT");
      return result;
    } catch (error) {
      rollBack(database);
      throw error;
    }
  }

  return {
    read: (name) => told(path, () => read(name)),
    update: (name, change) => told(path, () => update(name, change)),
    version: () => told(path, () => (dataVersion.get() as { data_version: number }).data_version),
    [Symbol.dispose]() {
      if (open) database.close();
      open = false;
    },
  };
}

function told<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const told = stateError(error, path);
    throw told.code === "bug" ? error : told;
  }
}

/** What SQLite says of the file, as an error of the disk. */
function stateError(error: unknown, path: string): RecordingError {
  const remedy = "delete it, and log in again if you are asked to";
  const name = `${path}, where logins and budgets are kept`;
  return sqliteError(error, { name, damaged: { code: "disk-io", remedy }, busy: "disk-io" });
}

function openFile(dir: string, path: string): Sqlite {
  let database: Sqlite | undefined;
  try {
    makeFolders(dir);
    makePrivateFile(path);
    chmodSync(path, 0o600);
    database = openSqlite(path);
    prepare(database);
    return database;
  } catch (error) {
    database?.close();
    throw stateError(error, path);
  }
}

/** Changing to WAL is refused, not queued, while another process is doing the same. */
function prepare(database: Sqlite): void {
  database.exec("PRAGMA busy_timeout = 10000; PRAGMA secure_delete = ON");
  for (let tries = 1; ; tries++) {
    try {
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      database.exec("CREATE TABLE IF NOT EXISTS documents (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID");
      return;
    } catch (error) {
      if (!isBusy(error) || tries === 100) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}
