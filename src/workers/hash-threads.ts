/*
 * Files of an archive are read and hashed in threads of their own, each of which opens, reads and closes one file after the
 * other without a detour through a thread pool: for a short recording that is a third of the work. What crosses goes in batches.
 */

import { Worker } from "node:worker_threads";
import { asRecordingError, errorOf, RecordingError } from "../core/model/errors.ts";
import type { FileState } from "../core/proof/verify.ts";
import type { HashNews, HashOrder, HashSettings } from "./hash-messages.ts";

/** Reads files of an archive's folder whole. */
export interface Hashing extends AsyncDisposable {
  /**
   * What a file turns out to be; undefined where nothing stands. Throws `unsafe-path` and `disk-io` as the store's `read`
   * does, and the reason of the stop once that has come. `bytes` is how many are expected.
   */
  hash(path: string, bytes: number): Promise<FileState | undefined>;
}

interface Job {
  readonly path: string;
  readonly bytes: number;
  readonly resolve: (found: FileState | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** A batch ends with so many files, or once it is so many bytes. */
const batchFiles = 32;
const batchBytes = 4 * 1024 * 1024;
/** One that is worked on, and one that waits, so that no thread stands still. */
const batchesAhead = 2;

/** So many files have to be asked for at once to keep a thread at work. */
export const filesAThread = batchFiles * batchesAhead;

export function openHashThreads(root: string, count: number, stop: AbortSignal): Hashing {
  const waiting: Job[] = [];
  const threads = Array.from({ length: count }, () => openThread(root, () => hand()));
  let isHanding = false;

  /** Gives each thread its next batch, the idle ones first: a long file keeps one busy while the others go on. */
  function hand(): void {
    for (let least = 0; least < batchesAhead && waiting.length > 0; least += 1) {
      for (const thread of threads) if (thread.batches <= least && waiting.length > 0) thread.run(nextBatch(waiting));
    }
  }

  function end(error: unknown): void {
    for (const job of waiting.splice(0)) job.reject(error);
    for (const thread of threads) thread.end(error);
  }

  const stopped = () => end(stop.reason);
  stop.addEventListener("abort", stopped, { once: true });
  return {
    hash(path, bytes) {
      if (stop.aborted) return Promise.reject(stop.reason);
      return new Promise((resolve, reject) => {
        waiting.push({ path, bytes, resolve, reject });
        if (isHanding) return;
        isHanding = true;
        // What is asked for in one turn travels together.
        setImmediate(() => {
          isHanding = false;
          hand();
        });
      });
    },
    async [Symbol.asyncDispose]() {
      stop.removeEventListener("abort", stopped);
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

function nextBatch(waiting: Job[]): Job[] {
  let [files, bytes] = [0, 0];
  while (files < waiting.length && files < batchFiles && bytes < batchBytes) {
    bytes += waiting[files]!.bytes;
    files += 1;
  }
  return waiting.splice(0, files);
}

interface Thread {
  /** How many it has that are not answered. */
  readonly batches: number;
  run(batch: readonly Job[]): void;
  /** All that is not answered ends with this error, and all that comes. */
  end(error: unknown): void;
  close(): Promise<void>;
}

/** All that a thread makes dies with its batch. */
const heap = { maxYoungGenerationSizeMb: 2 };

/** `free` is called after each batch. */
function openThread(root: string, free: () => void): Thread {
  const workerData: HashSettings = { root };
  const worker = new Worker(new URL("./hash-worker.js", import.meta.url), { workerData, resourceLimits: heap });
  const under: (readonly Job[])[] = [];
  let ended: { readonly error: unknown } | undefined;
  const end = (error: unknown) => {
    ended ??= { error };
    for (const batch of under.splice(0)) for (const job of batch) job.reject(ended.error);
  };
  worker.on("error", (error) => end(asRecordingError(error)));
  worker.on("exit", () => end(new RecordingError("bug", "A thread that reads files ended by itself.")));
  worker.on("message", (answers: HashNews) => {
    for (const [at, job] of (under.shift() ?? []).entries()) {
      const answer = answers[at]!;
      if ("error" in answer) job.reject(errorOf(answer.error));
      else job.resolve(answer.found);
    }
    free();
  });
  return {
    get batches() {
      return under.length;
    },
    run(batch) {
      under.push(batch);
      if (ended !== undefined) end(ended.error);
      else worker.postMessage(batch.map(({ path }) => path) satisfies HashOrder);
    },
    end,
    async close() {
      await worker.terminate();
    },
  };
}
