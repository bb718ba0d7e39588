import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, read } from "node:fs";
import { type AudioCheck, openAudioCheck } from "../../core/audio.ts";
import { RecordingError } from "../../core/errors.ts";
import type { Stored } from "../../core/recording.ts";
import { diskError, errno } from "./disk-error.ts";
import { syncFile } from "./sync.ts";

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
