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
  try {
    for await (const path of finishedFiles(root, folder, unreadable)) {
      page.push({ path });
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

/** No partial files, nothing of ours, no symlinks followed. */
async function* finishedFiles(
  root: string,
  folder: string,
  unreadable: (path: string, message: string) => void,
): AsyncIterable<string> {
  const told = (path: string) => relative(root, path).split(sep).join("/");
  try {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== ".callreel") yield* finishedFiles(root, path, unreadable);
      } else if (entry.isFile() && isFinished(entry.name)) yield told(path);
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    unreadable(told(folder), `${folder} cannot be read (${error.code}).`);
  }
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
