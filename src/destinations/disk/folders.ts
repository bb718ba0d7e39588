import { lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { errno, unsafePath } from "./disk-error.ts";

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
    if (!found.isDirectory()) throw unsafePath(path, "a file stands where a folder is needed");
  }
}
