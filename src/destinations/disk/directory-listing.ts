import { opendirSync } from "node:fs";
import { join } from "node:path";
import { errno } from "../../platform/disk-error.ts";
import { standing } from "../../platform/standing.ts";

/** Which files stand in the archive, asked of the disk once a folder instead of once a file. */
export interface Listing {
  /** `path` is relative, with `/`. Only regular files count. */
  has(path: string): boolean;
  /** A file has just been put there. */
  add(path: string): void;
  /** A file has just been taken away. */
  remove(path: string): void;
}

/** For whoever shares the archive with others who add and remove files: asks the disk each time. */
export function openFreshListing(root: string): Listing {
  return {
    has: (path) => isFile(join(root, path)),
    add: () => {},
    remove: () => {},
  };
}

/** Names remembered at once over all folders; beyond it the folders asked longest ago are read again when needed. */
const mostNames = 2_000_000;
const mostFolders = 20_000;

/** For whoever alone works on the archive: reads each folder once. */
export function openListing(root: string): Listing {
  const folders = new Map<string, NameSet>();
  let names = 0;
  let lastPath = "";
  let last: NameSet | undefined;

  function folderOf(path: string): NameSet {
    if (last !== undefined && path === lastPath) return last;
    let found = folders.get(path);
    if (found === undefined) {
      found = readNames(join(root, path));
      names += found.size;
    } else folders.delete(path);
    folders.set(path, found);
    forgetOldest();
    lastPath = path;
    last = found;
    return found;
  }

  function forgetOldest(): void {
    for (const [path, set] of folders) {
      if (folders.size === 1 || (names <= mostNames && folders.size <= mostFolders)) return;
      folders.delete(path);
      names -= set.size;
    }
  }

  function forget(path: string): void {
    names -= folders.get(path)?.size ?? 0;
    folders.delete(path);
    last = undefined;
  }

  return {
    has(path) {
      const cut = path.lastIndexOf("/");
      return folderOf(cut === -1 ? "" : path.slice(0, cut)).has(path.slice(cut + 1));
    },
    add(path) {
      const cut = path.lastIndexOf("/");
      const folder = folders.get(cut === -1 ? "" : path.slice(0, cut));
      if (folder === undefined) return;
      names -= folder.size;
      folder.add(path.slice(cut + 1));
      names += folder.size;
    },
    remove(path) {
      forget(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
    },
  };
}

/** Read in pieces: a flat archive may hold a million names. Of a folder that may not be read the disk is asked for each. */
function readNames(path: string): NameSet {
  const names = openNameSet();
  try {
    const folder = opendirSync(path, { bufferSize: 1024 });
    try {
      for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
        if (entry.isFile()) names.add(entry.name);
      }
    } finally {
      folder.closeSync();
    }
  } catch (error) {
    const code = errno(error);
    if (code === undefined) throw error;
    if (code !== "ENOENT" && code !== "ENOTDIR")
      return { size: 0, add: () => {}, has: (name) => isFile(join(path, name)) };
  }
  return names;
}

function isFile(path: string): boolean {
  return standing(path)?.isFile() === true;
}

/** A set of names that keeps eight bytes for each: a 53-bit fingerprint instead of the text. */
export interface NameSet {
  readonly size: number;
  add(name: string): void;
  has(name: string): boolean;
}

export function openNameSet(): NameSet {
  let slots = new Float64Array(16);
  let size = 0;

  function slotOf(print: number): number {
    const mask = slots.length - 1;
    let at = (print >>> 0) & mask;
    while (slots[at] !== 0 && slots[at] !== print) at = (at + 1) & mask;
    return at;
  }

  function grow(): void {
    const old = slots;
    slots = new Float64Array(old.length * 2);
    for (const print of old) if (print !== 0) slots[slotOf(print)] = print;
  }

  return {
    get size() {
      return size;
    },
    add(name) {
      const print = fingerprint(name);
      if (slots[slotOf(print)] === print) return;
      if (size * 3 >= slots.length * 2) grow();
      slots[slotOf(print)] = print;
      size += 1;
    },
    has(name) {
      const print = fingerprint(name);
      return slots[slotOf(print)] === print;
    },
  };
}

/** Two 32-bit multiplicative hashes side by side (21 bits of one, 32 of the other); never 0, which marks a free slot. */
function fingerprint(name: string): number {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
    high ^= high >>> 13;
  }
  low = Math.imul(low ^ (low >>> 16), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x27d4eb2f);
  return (high >>> 11) * 2 ** 32 + ((low ^ (low >>> 15)) >>> 0) || 1;
}
