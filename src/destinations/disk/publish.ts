import { linkSync, lstatSync, renameSync } from "node:fs";
import { errno } from "./disk-error.ts";
import { removeFile } from "./remove-file.ts";

/** File systems without hard links (FAT, some network shares), and files that may not get one. */
const noLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL"]);

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
