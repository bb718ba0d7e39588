import { createHash, randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { RecordingError } from "../core/model/errors.ts";
import type { FileState } from "../core/proof/verify.ts";
import { errno } from "./disk-error.ts";

/** Reads a file of the archive and hashes it; undefined when there is none. Errors of the disk are told as such. */
export async function hashFile(root: string, path: string): Promise<FileState | undefined> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of openedBytes(join(root, path))) {
      hash.update(chunk);
      bytes += chunk.byteLength;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unreadable(join(root, path), error);
  }
  return { bytes, sha256: hash.digest("hex") };
}

async function* openedBytes(path: string): AsyncIterable<Buffer> {
  const { file } = await openRegular(path);
  try {
    yield* lentBytes(file, path);
  } finally {
    await file.close();
  }
}

/** Buffers to read whole files into, used again: one made for each of a million small files costs more than reading them. */
const spare: Buffer[] = [];

/** The bytes of a whole file, which stays open; each chunk is good until the next is asked for. Throws `disk-io`. */
export async function* lentBytes(file: FileHandle, path: string): AsyncIterable<Buffer> {
  const buffer = spare.pop() ?? Buffer.allocUnsafe(1 << 20);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    spare.push(buffer);
  }
}

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
const toRead = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/** Opens never through a link, and never waiting for a pipe's other end; what is no plain file throws `unsafe-path`. */
export async function openRegular(path: string): Promise<{ readonly file: FileHandle; readonly stat: Stats }> {
  const file = await open(path, toRead).catch((error) => {
    throw notOpened(path, error);
  });
  const stat = await file.stat();
  if (stat.isFile()) return { file, stat };
  await file.close();
  throw notRegular(path, stat);
}

/** The same in this thread, for threads that do nothing else; returns the descriptor. */
export function openRegularNow(path: string): number {
  const fd = tryOpen(path);
  const stat = fstatSync(fd);
  if (stat.isFile()) return fd;
  closeSync(fd);
  throw notRegular(path, stat);
}

function tryOpen(path: string): number {
  try {
    return openSync(path, toRead);
  } catch (error) {
    throw notOpened(path, error);
  }
}

function notOpened(path: string, error: unknown): unknown {
  const code = errno(error);
  if (code === "ELOOP") return noFile(path, "a symbolic link");
  return code === "ENXIO" ? noFile(path, "a pipe or socket") : error;
}

function notRegular(path: string, stat: Stats): RecordingError {
  return noFile(path, stat.isDirectory() ? "a folder" : "a pipe or device");
}

function noFile(path: string, what: string): RecordingError {
  return new RecordingError("unsafe-path", `${path} is ${what}, where a file of the archive should be.`);
}

/** What the disk said while a file was opened or read, as `disk-io`; one of our errors stays as it is. */
export function unreadable(path: string, error: unknown): RecordingError {
  if (error instanceof RecordingError) return error;
  return new RecordingError("disk-io", `${path} cannot be read (${errno(error) ?? "error"}).`, { cause: error });
}

/**
 * A name beside `path` for what is to replace it. Nobody can foresee it and put a link of his own there; to be opened
 * with `wx`, so that nothing that stands anywhere is ever written into.
 */
export function nameBeside(path: string): string {
  return `${path}.${randomBytes(8).toString("hex")}.part`;
}

/** Whether `other` is such a name beside `path`. */
export function isNameBeside(other: string, path: string): boolean {
  return other.startsWith(`${path}.`) && /^[\da-f]{16}\.part$/.test(other.slice(path.length + 1));
}
