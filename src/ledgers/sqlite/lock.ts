import { rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { momentText } from "../../core/local-time.ts";
import { readSmallFile, writeAnew } from "../../platform/small-file.ts";
import { tryLockFile } from "../../platform/sqlite.ts";
import { acquire, type LockOptions } from "../lock-wait.ts";
import { fileError, ledgerUsers, makePrivateFolder, tryReserveLedger } from "./database.ts";

const sideFileLimit = 500;

/**
 * Makes the caller the only run on the archive `folder` until `release` or the end of the process, also by SIGKILL.
 * Throws `locked` when another run still holds it after `waitMs`.
 */
export function lockArchive(folder: string, options: LockOptions): Promise<{ release(): void }> {
  const words = [
    "Another run is using this archive",
    "wait for it to finish, for example with --lock-wait 10m",
  ] as const;
  return lockFolder(folder, "lock", words, options);
}

/** Makes the caller the only watch on the archive `folder`, in the same way; runs are free to work beside it. */
export function lockWatch(folder: string, options: LockOptions): Promise<{ release(): void }> {
  return lockFolder(folder, "watch", ["Another watch keeps this archive up to date", "one is enough"], options);
}

async function lockFolder(
  folder: string,
  name: string,
  words: readonly [what: string, remedy: string],
  options: LockOptions,
): Promise<{ release(): void }> {
  const home = join(folder, ".callreel");
  const sideFile = join(home, `${name}.json`);
  const path = join(home, name);
  const lock = await acquire(
    () => tryLock(path, home),
    () => `${words[0]} (${holderOf(sideFile, options.timezone)}; lock ${path}): ${words[1]}.`,
    options,
  );
  const { clock, pid = process.pid } = options;
  const holder = { pid, host: hostname(), since: new Date(clock.now()).toISOString() };
  try {
    writeAnew(sideFile, `${JSON.stringify(holder)}\n`);
  } catch (error) {
    lock.release();
    throw fileError(error, sideFile);
  }
  return {
    release: () => {
      try {
        rmSync(sideFile, { force: true });
      } catch {
        // It only says who holds the lock, which is free all the same; the next holder writes it anew.
      } finally {
        lock.release();
      }
    },
  };
}

/** Holds the ledger at `path` alone, to replace it. Throws `locked` when another process still has it open after `waitMs`. */
export function lockLedger(path: string, options: LockOptions): Promise<{ release(): void }> {
  return acquire(
    () => tryReserveLedger(path),
    () =>
      `The ledger ${path} is in use by ${ledgerUsers(path)} (a player or another command): stop it, or wait for it with --lock-wait 10m.`,
    options,
  );
}

function tryLock(path: string, home: string) {
  try {
    makePrivateFolder(home);
    return tryLockFile(path);
  } catch (error) {
    throw fileError(error, path, `The archive's lock ${path}`);
  }
}

function holderOf(sideFile: string, timezone: string | undefined): string {
  try {
    const holder = JSON.parse(readSmallFile(sideFile, sideFileLimit));
    const host = String(holder.host).replace(/[^\w.-]/g, "?");
    return `PID ${Number(holder.pid)}${host === hostname() ? "" : ` on ${host}`}, started ${momentText(Date.parse(new Date(holder.since).toISOString()), timezone)}`;
  } catch {
    return "PID unknown";
  }
}
