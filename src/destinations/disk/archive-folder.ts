import { lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { errno, unsafePath } from "../../platform/disk-error.ts";
import { standing } from "../../platform/standing.ts";
import { openSettler, type Settler } from "./commit.ts";
import { type Listing, openFreshListing, openListing } from "./directory-listing.ts";
import { partialFolder } from "./part-files.ts";

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
    const stat = standing(path);
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

/** The folders of one archive, made as they are needed and never entered through a symbolic link. */
export interface Folders {
  /** The absolute path of a folder of the archive (relative, with `/`; empty for the root), made with its parents. */
  ensure(relative: string): string;
  /** The folder turned out to be gone: the next `ensure` looks again. */
  forget(relative: string): void;
  /** Folders that got a new entry since the last call, to be synced before anything in them counts as safe. */
  takeUnsynced(): string[];
}

/** Bounds memory when every call has a folder of its own. */
const mostKnown = 20_000;

/** `outside` are folders that have just got an entry on the way to the root. */
export function openFolders(root: string, outside: readonly string[]): Folders {
  const known = new Map<string, string>();
  const unsynced = new Set<string>(outside);

  function ensure(relative: string): string {
    const seen = known.get(relative);
    if (seen !== undefined) return seen;
    if (relative === "") return root;
    const cut = relative.lastIndexOf("/");
    const parent = ensure(cut === -1 ? "" : relative.slice(0, cut));
    const path = join(parent, relative.slice(cut + 1));
    makeFolder(path);
    // Also when it was there: whoever made it a moment ago, in another thread, may not have synced it yet.
    unsynced.add(parent);
    if (known.size >= mostKnown) known.clear();
    known.set(relative, path);
    return path;
  }

  return {
    ensure,
    forget(relative) {
      for (let path = relative; path !== ""; path = path.slice(0, Math.max(0, path.lastIndexOf("/")))) {
        known.delete(path);
      }
    },
    takeUnsynced() {
      const taken = [...unsynced];
      unsynced.clear();
      return taken;
    },
  };
}

/** Makes one folder for this user only; one that is there must be a real folder. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (errno(error) !== "EEXIST") throw error;
    const found = lstatSync(path);
    if (found.isSymbolicLink()) throw unsafePath(path, "it is a symbolic link, which is never followed for writing");
    if (!found.isDirectory()) throw unsafePath(path, "there is a file where a folder is needed");
  }
}
