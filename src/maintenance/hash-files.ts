import { availableParallelism } from "node:os";
import pLimit from "p-limit";
import type { Store } from "../core/model/store.ts";
import { filesAThread, type Hashing, openHashThreads } from "../workers/hash-threads.ts";
import { hashStored } from "./read-stored.ts";

/** A disk gains nothing by more, and each takes ten megabytes. */
const mostThreads = 4;
/** Threads take as much of the processor to start as they spare with so many files, or bytes. */
const fewFiles = 256;
const fewBytes = 64 * 1024 * 1024;

export interface HashingFiles extends Hashing {
  /** How many files may be asked for at once. */
  readonly atOnce: number;
  /** Told how many files, of how many bytes together, are asked for next. */
  expect(count: number, size: number): void;
}

/** Reads the files of an archive's folder: a few here, and in threads as soon as there are more. */
export function openHashing(root: string, store: Store, stop: AbortSignal): HashingFiles {
  const count = Math.min(availableParallelism(), mostThreads);
  const here = pLimit(count);
  let [files, bytes] = [0, 0];
  let threads: Hashing | undefined;
  return {
    atOnce: count * filesAThread,
    expect(more, size) {
      files += more;
      bytes += size;
      if (files > fewFiles || bytes > fewBytes) threads ??= openHashThreads(root, count, stop);
    },
    hash(path, size) {
      return threads === undefined ? here(() => hashStored(store, path)) : threads.hash(path, size);
    },
    async [Symbol.asyncDispose]() {
      await threads?.[Symbol.asyncDispose]();
    },
  };
}
