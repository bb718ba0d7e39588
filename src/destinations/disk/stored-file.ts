import { createHash } from "node:crypto";
import { close, closeSync, constants, fstatSync, fsync, fsyncSync, open, openSync, read } from "node:fs";
import { type AudioCheck, openAudioCheck } from "../../core/audio/check.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { Stored } from "../../core/model/recording.ts";
import { diskError, errno } from "../../platform/disk-error.ts";

/** A file that stands in the archive, read whole: what it is, or undefined when it is no whole recording. */
export async function examine(absolute: string, path: string): Promise<Stored | undefined> {
  const fd = openToRead(absolute);
  if (fd === undefined) return undefined;
  try {
    const check = openAudioCheck();
    const hash = await rehash(fd, Number.POSITIVE_INFINITY, check);
    const audio = check.finish();
    // A run may have been killed between giving the name and making it safe.
    await syncFile(fd);
    return { path, bytes: check.bytes, sha256: hash.digest("hex"), ...audio };
  } catch (error) {
    if (error instanceof RecordingError) return undefined;
    throw diskError(error, absolute);
  } finally {
    closeSync(fd);
  }
}

/** SHA-256 of a regular file; undefined when there is none to read. */
export async function hashOfFile(absolute: string): Promise<string | undefined> {
  const fd = openToRead(absolute);
  if (fd === undefined) return undefined;
  try {
    const hash = createHash("sha256");
    for await (const bytes of bytesOf(fd, Number.POSITIVE_INFINITY)) hash.update(bytes);
    return hash.digest("hex");
  } finally {
    closeSync(fd);
  }
}

/** Feeds up to `length` bytes of an open file to the check and to the hash it returns. */
export async function rehash(fd: number, length: number, check: AudioCheck): Promise<ReturnType<typeof createHash>> {
  const hash = createHash("sha256");
  for await (const bytes of bytesOf(fd, length)) {
    hash.update(bytes);
    check.chunk(bytes);
  }
  return hash;
}

/** Neither links nor pipes nor devices are read. */
function openToRead(path: string): number | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
    return undefined;
  } catch (error) {
    if (["ENOENT", "ELOOP", "EISDIR", "ENXIO"].includes(errno(error) ?? "")) return undefined;
    throw diskError(error, path);
  }
}

/** Read in steps that keep the event loop free. */
const step = 1024 * 1024;

/** Up to `length` bytes of an open file, from its start. */
export async function* bytesOf(fd: number, length: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < length; ) {
    const bytes = await readAt(fd, at, Math.min(step, length - at));
    if (bytes.length === 0) return;
    at += bytes.length;
    yield bytes;
  }
}

function readAt(fd: number, at: number, length: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    read(fd, Buffer.allocUnsafe(length), 0, length, at, (error, got, buffer) =>
      error === null ? resolve(buffer.subarray(0, got)) : reject(error),
    );
  });
}

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
