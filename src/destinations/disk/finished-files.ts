import { opendir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { RecordingError } from "../../core/model/errors.ts";
import type { ListedFile } from "../../core/model/store.ts";

/** Every finished file in `folder`, relative to `root`, page by page; what was found before a failure is told before it. */
export async function* listFinished(
  root: string,
  folder: string,
  unreadable: (path: string, message: string) => void = fail,
): AsyncIterable<readonly ListedFile[]> {
  let page: ListedFile[] = [];
  const at = relative(root, folder).split(sep).join("/");
  try {
    for await (const paths of finishedFiles(folder, at, unreadable)) {
      for (const path of paths) page.push({ path });
      if (page.length < pageSize) continue;
      yield page;
      page = [];
    }
  } catch (error) {
    if (page.length > 0) yield page;
    throw error;
  }
  if (page.length > 0) yield page;
}

const pageSize = 256;

/**
 * No partial files, nothing of ours, no symlinks followed; some at a time, as they come from the disk. `at` is the folder
 * as the archive calls it.
 */
async function* finishedFiles(
  folder: string,
  at: string,
  unreadable: (path: string, message: string) => void,
): AsyncIterable<readonly string[]> {
  let found: string[] = [];
  try {
    for await (const entry of await opendir(folder, { bufferSize: pageSize })) {
      const path = at === "" ? entry.name : `${at}/${entry.name}`;
      if (entry.isFile() && isFinished(entry.name)) found.push(path);
      const isFolder = entry.isDirectory() && entry.name !== ".callreel";
      if (found.length > 0 && (isFolder || found.length === pageSize)) {
        yield found;
        found = [];
      }
      if (isFolder) yield* finishedFiles(join(folder, entry.name), path, unreadable);
    }
  } catch (error) {
    if (found.length > 0) yield found;
    if (!isSystemError(error)) throw error;
    unreadable(at, `${folder} cannot be read (${error.code}).`);
    return;
  }
  if (found.length > 0) yield found;
}

function fail(_: string, message: string): never {
  throw new RecordingError("disk-io", message);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && !(error instanceof RecordingError);
}

/** Whether a file of this name is no partial file and nothing of ours. */
export function isFinished(name: string): boolean {
  return !name.startsWith(".") && !name.endsWith(".part") && !name.endsWith(".info.json") && name !== "SHA256SUMS";
}
