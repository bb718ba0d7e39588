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
}

/** Reads the files of an archive's folder: the first few here, all that follow in threads. */
export function openHashing(root: string, store: Store, stop: AbortSignal): HashingFiles {
  const count = Math.min(availableParallelism(), mostThreads);
  const here = pLimit(count);
  let [files, bytes] = [0, 0];
  let threads: Hashing | undefined;
  return {
    atOnce: count * filesAThread,
    hash(path, expected) {
      files += 1;
      bytes += expected;
      if (threads === undefined && files <= fewFiles && bytes <= fewBytes) return here(() => hashStored(store, path));
      threads ??= openHashThreads(root, count, stop);
      return threads.hash(path, expected);
    },
    async [Symbol.asyncDispose]() {
      await threads?.[Symbol.asyncDispose]();
    },
  };
}
