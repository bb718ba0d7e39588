import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tryLockFile } from "../sqlite.ts";
import { makePrivateFolder } from "./database.ts";

/** One lock file for each run that lives: it is held until the run ends, however it ends. */
export interface RunLocks {
  /** Undefined when a run of that name lives. */
  take(runId: string): { release(): void } | undefined;
  isHeld(runId: string): boolean;
  /** Removes the files that no run of `known` and no living process answers for. */
  clear(known: readonly string[]): void;
}

export function openRunLocks(folder: string): RunLocks {
  const nameOf = (runId: string) => `${encodeURIComponent(runId)}.lock`;
  const pathOf = (runId: string) => join(folder, nameOf(runId));
  return {
    take: (runId) => {
      makePrivateFolder(folder);
      const lock = tryLockFile(pathOf(runId));
      if (lock === undefined) return undefined;
      return {
        release: () => {
          lock.release();
          rmSync(pathOf(runId), { force: true });
        },
      };
    },
    isHeld: (runId) => isLocked(pathOf(runId)),
    clear: (known) => {
      const kept = new Set(known.map(nameOf));
      for (const name of existsSync(folder) ? readdirSync(folder) : []) {
        if (!kept.has(name) && !isLocked(join(folder, name))) rmSync(join(folder, name), { force: true });
      }
    },
  };
}

function isLocked(path: string): boolean {
  // A look must not make the file.
  if (!existsSync(path)) return false;
  try {
    const lock = tryLockFile(path);
    lock?.release();
    return lock === undefined;
  } catch {
    // On a read-only disk nobody can tell: the lease's time decides.
    return true;
  }
}
