import { Worker } from "node:worker_threads";
import { errorOf } from "../core/error-parts.ts";
import { asRecordingError, RecordingError } from "../core/errors.ts";
import type { LibraryAnswer } from "../library-messages.ts";
import type { Browsed, Library } from "../player/library.ts";

interface Waiting {
  readonly resolve: (page: Browsed) => void;
  readonly reject: (error: RecordingError) => void;
}

/** A library in a thread of its own: however long a search takes, nobody who listens waits for it. */
export function openLibraryThread(file: string): Library {
  const worker = new Worker(new URL("../library-thread.js", import.meta.url), { workerData: file });
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let gone: RecordingError | undefined;

  const lost = (error: unknown) => {
    gone ??= asRecordingError(error);
    for (const { reject } of waiting.values()) reject(gone);
    waiting.clear();
  };
  worker.on("error", lost);
  worker.on("exit", () => lost(new RecordingError("bug", "The thread that looks through the ledger ended by itself.")));
  worker.on("message", (answer: LibraryAnswer) => {
    const asker = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("page" in answer) asker?.resolve(answer.page);
    else asker?.reject(errorOf(answer.error));
  });
  return {
    page(query) {
      if (gone !== undefined) return Promise.reject(gone);
      asked += 1;
      const id = asked;
      worker.postMessage({ id, query });
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
