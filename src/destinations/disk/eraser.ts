import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  realpathSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { RecordingError } from "../../core/model/errors.ts";
import { diskError, errno } from "../../platform/disk-error.ts";

/** Deletes files of one archive for good, and nothing that only seems to lie in it. */
export interface Eraser {
  /**
   * Deletes the regular file at `path` (relative, with `/`); false when nothing stands there. Throws `unsafe-path` for
   * anything else, and for a path that leads out of the archive or through a symbolic link.
   */
  erase(path: string): boolean;
  /** Makes what was deleted stay so in a power cut. */
  sync(): void;
  /** The same, and takes along the folders that have become empty. */
  tidy(): void;
}

/** On Linux each folder is entered through its open parent, so that nobody can put a link in between. */
const handles = "/proc/self/fd";

export function openEraser(archive: string): Eraser {
  const root = realpathSync(archive);
  const touched = new Set<string>();
  const end = (work: (root: string, names: readonly string[]) => void) => {
    for (const folder of touched) {
      try {
        work(root, folder === "" ? [] : folder.split("/"));
      } catch (error) {
        throw diskError(error, join(root, folder));
      }
    }
    touched.clear();
  };
  return {
    erase(path) {
      const names = namesIn(root, path);
      const file = names.pop() as string;
      try {
        return inFolder(root, names, (folder) => {
          const gone = unlinkFile(`${folder}/${file}`, join(root, path));
          if (gone) touched.add(names.join("/"));
          return gone;
        });
      } catch (error) {
        throw diskError(error, join(root, path));
      }
    },
    sync: () => end(syncFolder),
    tidy: () => end(tidyFolder),
  };
}

function namesIn(root: string, path: string): string[] {
  const names = path.split("/");
  if (!/[\0\\]|^[A-Za-z]:/.test(path) && names.every((name) => !["", ".", ".."].includes(name))) return names;
  throw refused(join(root, "…"), "the path noted for it leads out of the archive");
}

/** Opens folder after folder; false when one of them is not there. */
function inFolder(root: string, names: readonly string[], work: (folder: string) => boolean): boolean {
  if (!existsSync(handles)) return inCheckedFolder(root, names, work);
  const open = [openSync(root, asFolder)];
  try {
    for (const name of names) open.push(openSync(`${handles}/${open.at(-1)}/${name}`, asFolder));
    return work(`${handles}/${open.at(-1)}`);
  } catch (error) {
    if (errno(error) === "ENOENT") return false;
    if (["ELOOP", "ENOTDIR"].includes(errno(error) ?? "")) throw linked(join(root, ...names));
    throw error;
  } finally {
    for (const fd of open) closeSync(fd);
  }
}

const asFolder = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** Where the system has no such handles: looks before it enters. */
function inCheckedFolder(root: string, names: readonly string[], work: (folder: string) => boolean): boolean {
  let folder = root;
  for (const name of names) {
    folder = join(folder, name);
    const found = lstatSync(folder, { throwIfNoEntry: false });
    if (found === undefined) return false;
    if (!found.isDirectory()) throw linked(folder);
  }
  return work(folder);
}

function unlinkFile(path: string, told: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (!found.isFile()) throw refused(told, "a link, a folder or something else stands there instead of a file");
  unlinkSync(path);
  return true;
}

/** A folder's name may tell as much as a file's. Whoever needs the folder makes it anew. */
function tidyFolder(root: string, names: readonly string[]): void {
  const parents = names.slice(0, -1);
  const emptied =
    names.length > 0 &&
    names[0] !== ".callreel" &&
    inFolder(root, parents, (folder) => removeEmpty(`${folder}/${names.at(-1)}`));
  if (emptied) tidyFolder(root, parents);
  else syncFolder(root, names);
}

function removeEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function syncFolder(root: string, names: readonly string[]): void {
  if (process.platform === "win32") return;
  inFolder(root, names, (folder) => {
    const fd = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    return true;
  });
}

function linked(path: string): RecordingError {
  return refused(path, "on the way there is a symbolic link or a file instead of a folder");
}

function refused(path: string, why: string): RecordingError {
  return new RecordingError("unsafe-path", `Not deleted: ${path}: ${why}. Check it, fix it and purge again.`);
}
