import { lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { errno } from "./disk-error.ts";
import { type Folders, makeFolder, openFolders } from "./folders.ts";
import { type Listing, openFreshListing, openListing } from "./listing.ts";
import { partialFolder } from "./partial.ts";
import { openSettler, type Settler } from "./settle.ts";

/** One archive folder as this thread sees it. */
export interface Archive {
  /** Absolute, without symbolic links. */
  readonly root: string;
  /** Names this start of the system, where it has such a name. */
  readonly boot: string;
  /** Files get the call's start as their time. */
  readonly mtime: boolean;
  readonly folders: Folders;
  readonly listing: Listing;
  readonly settler: Settler;
}

/** Makes the archive's folder and our own inside it where they are missing; `tidy` is for who holds the archive's lock. */
export function openArchive(path: string, mtime: boolean, tidy: boolean): Archive {
  const made = makePath(resolve(path));
  const root = realpathSync(path);
  makeFolder(join(root, dirname(partialFolder)));
  makeFolder(join(root, partialFolder));
  if (tidy) sweep(join(root, partialFolder), Date.now());
  const folders = openFolders(
    root,
    made.map((folder) => dirname(folder)),
  );
  const listing = tidy ? openListing(root) : openFreshListing(root);
  return { root, boot: bootName(), mtime, folders, listing, settler: openSettler(root, folders, listing) };
}

/** Makes a folder with its parents and returns what it made; Node's own way hides why it could not. */
function makePath(path: string): string[] {
  try {
    mkdirSync(path, 0o700);
    return [path];
  } catch (error) {
    if (errno(error) === "EEXIST") return [];
    if (errno(error) !== "ENOENT" || dirname(path) === path) throw error;
  }
  const parents = makePath(dirname(path));
  mkdirSync(path, 0o700);
  return [...parents, path];
}

/** Nobody comes back for a part after this long: the source has long deleted or replaced it. */
const stalePartMs = 30 * 24 * 3600 * 1000;

/** Clears away parts that nobody will continue, and second names of files that were published. */
function sweep(folder: string, nowMs: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || stat.isDirectory()) continue;
    // A part has the time of its last write: the call's comes with the final name.
    if (stat.nlink > 1 || nowMs - stat.mtimeMs > stalePartMs) rmSync(path, { force: true });
  }
}

function bootName(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
