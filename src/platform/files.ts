import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { RecordingError } from "../core/model/errors.ts";
import type { FileState } from "../core/proof/verify.ts";

/** Reads a file of the archive and hashes it; undefined when there is none. Errors of the disk are told as such. */
export async function hashFile(root: string, path: string): Promise<FileState | undefined> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of lentBytes(join(root, path))) {
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

/** A file of the archive chunk by chunk, each good until the next is asked for. Errors of the disk are told as such, but for `ENOENT`. */
export async function* bytesOf(root: string, path: string): AsyncIterable<Buffer> {
  try {
    yield* lentBytes(join(root, path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw error;
    throw unreadable(join(root, path), error);
  }
}

/** Buffers to read into, used again: one made for each of a million small files costs more than reading them. */
const spare: Buffer[] = [];

/** The bytes of a file; each chunk is good until the next is asked for. */
async function* lentBytes(path: string): AsyncIterable<Buffer> {
  const file = await openRegular(path);
  const buffer = spare.pop() ?? Buffer.allocUnsafe(1 << 20);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    spare.push(buffer);
    await file.close();
  }
}

/** Never through a link, and never waiting for a pipe's other end; what is no plain file throws `unsafe-path`. */
async function openRegular(path: string): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ELOOP"
      ? noFile(path, "a symbolic link")
      : error.code === "ENXIO"
        ? noFile(path, "a pipe or socket")
        : error;
  });
  const stat = await file.stat();
  if (stat.isFile()) return file;
  await file.close();
  throw noFile(path, stat.isDirectory() ? "a folder" : "a pipe or device");
}

function noFile(path: string, what: string): RecordingError {
  return new RecordingError("unsafe-path", `${path} is ${what}, where a file of the archive should be.`);
}

function unreadable(path: string, error: unknown): RecordingError {
  if (error instanceof RecordingError) return error;
  const { code = "error" } = error as NodeJS.ErrnoException;
  return new RecordingError("disk-io", `${path} cannot be read (${code}).`, { cause: error });
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
