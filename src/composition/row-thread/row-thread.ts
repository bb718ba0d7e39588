/*
 * What the rows of large files speak of is found in a thread of its own, which is a third of the work of a run that has
 * little to fetch; what the archive and earlier rows say against it, and all that follows, stays in the main thread.
 */

import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { FoundBatch } from "../../core/download/found-rows.ts";
import { asRecordingError, errorOf, RecordingError } from "../../core/model/errors.ts";
import { openNotify } from "../../core/notify.ts";
import { batchOf, type RowNews, type RowOrder, type RowSettings } from "./row-messages.ts";

/** Some hundred thousand rows: fewer are read almost as soon as a thread is ready. */
const worthBytes = 16 * 1024 * 1024;

/** Whether a thread pays for these files, and may read them: what comes through stdin or a pipe is this process's to read. */
export function paysToRead(files: readonly string[]): boolean {
  if (availableParallelism() === 1 || files.includes("-")) return false;
  const stats = files.map((file) => statSync(file, { throwIfNoEntry: false }));
  const bytes = stats.reduce((sum, stat) => sum + (stat?.size ?? 0), 0);
  return bytes >= worthBytes && stats.every((stat) => stat?.isFile());
}

/** Almost all that the thread makes dies with its batch. */
const heap = { maxYoungGenerationSizeMb: 4 };

/** What the rows of the files speak of, batch by batch. Throws what a reader of them throws, and the signal's reason. */
export async function* openRowThread(settings: RowSettings, signal: AbortSignal): AsyncGenerator<FoundBatch> {
  signal.throwIfAborted();
  const worker = new Worker(new URL("./row-worker.js", import.meta.url), {
    workerData: settings,
    resourceLimits: heap,
  });
  const news: RowNews[] = [];
  const arrival = openNotify();
  let lost: { readonly error: unknown } | undefined;
  const lose = (error: unknown) => {
    lost ??= { error };
    arrival.notify();
  };
  worker.on("error", (error) => lose(asRecordingError(error)));
  worker.on("exit", () => lose(new RecordingError("bug", "The thread that reads rows ended by itself.")));
  worker.on("message", (each: RowNews) => {
    news.push(each);
    arrival.notify();
  });
  signal.addEventListener("abort", arrival.notify, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = news.shift();
      if (next === undefined) {
        // What it told before it was lost counts.
        if (lost !== undefined) throw lost.error;
        await arrival.notified();
        continue;
      }
      if ("end" in next) {
        if (next.end.error === undefined) return;
        throw errorOf(next.end.error);
      }
      worker.postMessage("taken" satisfies RowOrder);
      yield batchOf(next.batch);
    }
  } finally {
    signal.removeEventListener("abort", arrival.notify);
    await worker.terminate();
  }
}
