import { linkSync, lstatSync, renameSync } from "node:fs";
import { RecordingError } from "../../core/errors.ts";
import { errno } from "./disk-error.ts";
import { fileId, fileIdAt, privateName } from "./partial.ts";
import { removeFile } from "./remove-file.ts";

/** File systems without hard links (FAT, some network shares), and files that may not get one. */
const noLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL"]);

/**
 * Gives an open file a name that nobody else knows, so that what is published under it is that very file. Throws
 * `lost-claim` when another attempt's stands at `from` by now; that one stays.
 */
export function takeAside(fd: number, from: string): string {
  const id = fileId(fd);
  if (fileIdAt(from) !== id) throw lostClaim();
  const aside = privateName(from);
  renameSync(from, aside);
  if (fileIdAt(aside) === id) return aside;
  if (!publish(aside, from, false)) removeFile(aside);
  throw lostClaim();
}

/** What a writer hears that was stopped for so long that another took its recording over. */
export function lostClaim(): RecordingError {
  const message =
    "Another run took this recording over while this one stood still; what this one had of it is dropped.";
  return new RecordingError("lost-claim", message);
}

/**
 * Puts a finished file at its final path in one step. Without `overwrite` nothing that stands there is ever replaced:
 * returns false, and the file stays where it was.
 */
export function publish(from: string, to: string, overwrite: boolean): boolean {
  if (overwrite) {
    renameSync(from, to);
    return true;
  }
  try {
    linkSync(from, to);
  } catch (error) {
    const code = errno(error) ?? "";
    if (code === "EEXIST") return false;
    if (!noLinks.has(code)) throw error;
    return renameToFree(from, to);
  }
  removeFile(from);
  return true;
}

function renameToFree(from: string, to: string): boolean {
  if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) return false;
  renameSync(from, to);
  return true;
}
