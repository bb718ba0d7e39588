import { closeSync, constants, fstatSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { RecordingError } from "../core/model/errors.ts";
import { errno } from "./disk-error.ts";

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/**
 * Opens a file in a folder where others may have put something else in its place: never through a link, never waiting for
 * a pipe's other end. Throws `unsafe-path` for what is no plain file, and what the file system says.
 */
export function openPlain(path: string, flags: number = O_RDONLY, mode = 0o600): number {
  const fd = tryOpen(path, flags, mode);
  if (fd !== undefined && fstatSync(fd).isFile()) return fd;
  if (fd !== undefined) closeSync(fd);
  throw new RecordingError("unsafe-path", `${path} is not a regular file: check it, and move it away.`);
}

function tryOpen(path: string, flags: number, mode: number): number | undefined {
  try {
    return openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, mode);
  } catch (error) {
    // A symbolic link; a pipe without a reader, or a socket.
    if (["ELOOP", "ENXIO"].includes(errno(error) ?? "")) return undefined;
    throw error;
  }
}

/** The text of such a file; `unsafe-path` also where it is larger than `most` bytes. */
export function readSmallFile(path: string, most: number): string {
  const bytes = readSmallBytes(path, most);
  if (bytes !== undefined) return bytes.toString("utf8");
  throw new RecordingError("unsafe-path", `${path} is larger than ${most} bytes: check it.`);
}

/** The bytes of such a file; undefined where there are more than `most`. */
export function readSmallBytes(path: string, most: number): Buffer | undefined {
  const fd = openPlain(path);
  try {
    const { size } = fstatSync(fd);
    if (size > most) return undefined;
    const bytes = Buffer.alloc(size);
    let length = 0;
    for (let read = -1; read !== 0 && length < size; length += read) {
      read = readSync(fd, bytes, length, size - length, length);
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

/** Opens a pipe or device to write to. One that nobody reads is told at once (`ENXIO`), where it would be waited for without end. */
export function openOutlet(path: string, flags: number): number {
  const trial = openSync(path, flags | O_NONBLOCK);
  try {
    return openSync(path, flags);
  } finally {
    closeSync(trial);
  }
}

/** A file of ours in place of whatever stands there: that is taken away, never written into. */
export function writeAnew(path: string, text: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode: 0o600, flag: "wx" });
}
