import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { errno } from "./disk-error.ts";

/**
 * Makes a folder and those above it that are missing, for this user alone (0700); one that is there stays as it is. Throws
 * what the system says. Node's own `recursive` never comes to an end where a folder exists and yet takes none into it, as
 * /proc does (it says ENOENT).
 */
export function makeFolders(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !isFolder(folder); folder = dirname(folder)) {
    missing.push(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of missing.reverse()) makeFolder(folder);
}

/** Another process may make the same one. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (isFolder(folder)) return;
    // Node from 22 on finds nothing below a file where Node 20 says what is in the way.
    throw errno(error) === "EEXIST" ? Object.assign(error as Error, { code: "ENOTDIR" }) : error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
