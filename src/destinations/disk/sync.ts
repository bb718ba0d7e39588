import { close, closeSync, fsync, fsyncSync, open, openSync } from "node:fs";
import { errno } from "./disk-error.ts";

/** Makes files and folders durable: in this thread while the disk does it in no time, else beside it. */
export interface Syncer {
  file(fd: number): void | Promise<void>;
  folder(path: string): void | Promise<void>;
}

/** A trip through the thread pool costs about a quarter of this. */
const quickMs = 0.1;
/** One slow sync may only have been interrupted by the system; so many in a row are the disk. */
const slowInARow = 3;
/** After those so many go beside this thread before it tries one itself again. */
const trustAfter = 1000;

export function openSyncer(): Syncer {
  let beside = 0;
  let slow = 0;

  /** Whether `work` was done here. */
  function done(work: () => void): boolean {
    if (beside > 0) {
      beside -= 1;
      return false;
    }
    const started = performance.now();
    work();
    slow = performance.now() - started > quickMs ? slow + 1 : 0;
    if (slow >= slowInARow) beside = trustAfter;
    return true;
  }

  return {
    file: (fd) => (done(() => fsyncSync(fd)) ? undefined : syncFile(fd)),
    folder: (path) => (done(() => syncFolderNow(path)) ? undefined : syncFolder(path)),
  };
}

/** Through the thread pool, whatever it takes. */
export function syncFile(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(fd, (error) => (error === null ? resolve() : reject(error))));
}

function syncFolder(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    open(path, "r", (failure, fd) => {
      if (failure !== null) return harmless(failure) ? resolve() : reject(failure);
      fsync(fd, (error) => close(fd, () => (error === null || harmless(error) ? resolve() : reject(error))));
    });
  });
}

function syncFolderNow(path: string): void {
  try {
    const fd = openSync(path, "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (!harmless(error)) throw error;
  }
}

/** Systems that cannot sync a folder (Windows, some shares) do it themselves; one that is gone needs none. */
function harmless(error: unknown): boolean {
  return ["EISDIR", "EINVAL", "EPERM", "EACCES", "ENOTSUP", "ENOENT"].includes(errno(error) ?? "");
}
