import { Worker } from "node:worker_threads";
import { asRecordingError, errorOf, RecordingError } from "../../core/model/errors.ts";
import type { Browsed, Counted, Library, LibraryAnswer, LibraryQuestion } from "./library.ts";

interface Waiting {
  readonly resolve: (answer: Browsed | Counted) => void;
  readonly reject: (error: RecordingError) => void;
}

/** A library in a thread of its own: however long a search takes, nobody who listens waits for it. */
export function openLibraryThread(file: string): Library {
  const worker = new Worker(new URL("./library-worker.js", import.meta.url), { workerData: file });
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let gone: RecordingError | undefined;

  const lost = (error: unknown) => {
    gone ??= asRecordingError(error);
    for (const { reject } of waiting.values()) reject(gone);
    waiting.clear();
  };
  worker.on("error", lost);
  worker.on("exit", () => lost(new RecordingError("bug", "The thread that searches the ledger ended unexpectedly.")));
  worker.on("message", (answer: LibraryAnswer) => {
    const asker = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("answer" in answer) asker?.resolve(answer.answer);
    else asker?.reject(errorOf(answer.error));
  });
  function ask(question: Omit<LibraryQuestion, "id">): Promise<Browsed | Counted> {
    if (gone !== undefined) return Promise.reject(gone);
    asked += 1;
    const id = asked;
    worker.postMessage({ id, ...question } satisfies LibraryQuestion);
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  }

  return {
    page: (query) => ask({ ask: "page", query }) as Promise<Browsed>,
    count: (query) => ask({ ask: "count", query }) as Promise<Counted>,
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
