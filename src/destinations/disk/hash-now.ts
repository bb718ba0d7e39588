import { createHash, hash as hashAtOnce } from "node:crypto";
import { closeSync, readSync } from "node:fs";
import type { FileState } from "../../core/proof/verify.ts";
import { openRegularNow, unreadable } from "../../platform/files.ts";
import { absolute, isAbsence } from "./store.ts";

/**
 * Reads a file of the archive whole and hashes it, all in this thread, through `buffer`; undefined where nothing stands.
 * Throws `unsafe-path` and `disk-io` as the store's `read` does.
 */
export function hashNow(root: string, path: string, buffer: Uint8Array): FileState | undefined {
  const file = absolute(root, path);
  try {
    const fd = openRegularNow(file);
    try {
      return hashOf(fd, buffer);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw unreadable(file, error);
  }
}

function hashOf(fd: number, buffer: Uint8Array): FileState {
  const first = filled(fd, buffer);
  // Shorter than the buffer: that was the whole of it.
  if (first.length < buffer.length) return { bytes: first.length, sha256: hashAtOnce("sha256", first, "hex") };
  const hash = createHash("sha256");
  let bytes = 0;
  for (let piece = first; piece.length > 0; piece = filled(fd, buffer)) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** As much as the buffer holds, or all that is left. */
function filled(fd: number, buffer: Uint8Array): Uint8Array {
  let length = 0;
  while (length < buffer.length) {
    const read = readSync(fd, buffer, length, buffer.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return buffer.subarray(0, length);
}
