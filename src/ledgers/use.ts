import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { RecordingError } from "../core/errors.ts";
import { tryLockFile, tryShareLockFile } from "../sqlite.ts";
import { busyMs, type Database, fileError, makePrivateFolder, openDatabase } from "./database.ts";

const lockOf = (path: string) => `${path}-open`;

/**
 * Opens the ledger as `openDatabase` does and holds it against being replaced until it is closed: whoever has a ledger
 * open shares one lock, and who puts a new one in its place needs that alone.
 */
export function openDatabaseInUse(path: string, readOnly: boolean): Database {
  const lock = share(path, readOnly);
  try {
    const database = openDatabase(path, readOnly);
    return {
      ...database,
      close: () => {
        database.close();
        lock?.release();
      },
    };
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
  throw new RecordingError("locked", `The ledger ${path} is being made anew by \`verify --rebuild\`: try again later.`);
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
  return pids.length === 0 ? "another process" : `process ${pids.join(", ")}`;
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
