import { Worker } from "node:worker_threads";
import { contentLength } from "./core/answer.ts";
import { errorOf, errorParts } from "./core/error-parts.ts";
import { asRecordingError, RecordingError } from "./core/errors.ts";
import type { Received, Transfer, TransferHooks, TransferJob } from "./core/ports.ts";
import type { ResponseHead, Stored } from "./core/recording.ts";
import type { RequestLog } from "./http.ts";
import { inBatches, type News, type Order, type ThreadSettings } from "./transfer-messages.ts";

/** A job in a thread: first its bytes are awaited, then its safety. */
interface Under {
  readonly hooks: TransferHooks;
  readonly received: (received: Received) => void;
  readonly failed: (error: RecordingError) => void;
  settled?: { readonly resolve: (stored: Stored) => void; readonly reject: (error: RecordingError) => void };
}

interface Thread {
  /** Jobs whose bytes are on their way. */
  busy: number;
  start(id: number, job: TransferJob, under: Under): void;
  cut(id: number, error: RecordingError): void;
  close(): Promise<void>;
}

/** How many threads: for short recordings, of which this thread has much to do too, and for long ones. */
export interface ThreadCounts {
  readonly short: number;
  readonly long: number;
}

/** From so many bytes on, a second thread on two cores wins more than its start and its memory cost. */
const longFrom = 4 * 1024 * 1024;

/**
 * Transfers in threads of their own, each with its connections, hashes and files; this one keeps the gate, the ledger
 * and the names. Jobs go to the thread with least to do. The first answer tells whether recordings are long, and so how
 * many threads there are to be: the other jobs wait for it where that makes a difference.
 */
export function openTransferThreads(
  settings: ThreadSettings,
  counts: ThreadCounts,
  log?: (entry: RequestLog) => void,
): Transfer {
  const threads = Array.from({ length: counts.short }, () => openThread(settings, log));
  let made = 0;
  let firstAnswer: Promise<unknown> | undefined;

  function start(job: TransferJob, hooks: TransferHooks, signal: AbortSignal): Promise<Received> {
    if (signal.aborted) return Promise.reject(asRecordingError(signal.reason));
    const thread = threads.reduce((least, each) => (each.busy < least.busy ? each : least));
    made += 1;
    return runIn(thread, made, job, hooks, signal);
  }

  function learn(head: ResponseHead): void {
    const isLong = () => (contentLength(head) ?? 0) >= longFrom;
    while (threads.length < counts.long && isLong()) threads.push(openThread(settings, log));
  }

  return {
    async run(job, hooks, signal) {
      const { head: tell } = hooks;
      let answered = () => {};
      const waiting = firstAnswer;
      firstAnswer ??= new Promise<void>((resolve) => {
        answered = resolve;
      });
      if (threads.length < counts.long) await waiting;
      const head = (arrived: ResponseHead) => {
        learn(arrived);
        answered();
        tell?.(arrived);
      };
      return start(job, { ...hooks, head }, signal).finally(answered);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

function runIn(
  thread: Thread,
  id: number,
  job: TransferJob,
  hooks: TransferHooks,
  signal: AbortSignal,
): Promise<Received> {
  return new Promise<Received>((resolve, reject) => {
    const onAbort = () => thread.cut(id, asRecordingError(signal.reason));
    const freed = () => {
      signal.removeEventListener("abort", onAbort);
      thread.busy -= 1;
    };
    thread.busy += 1;
    signal.addEventListener("abort", onAbort, { once: true });
    thread.start(id, job, {
      hooks,
      received(received) {
        freed();
        resolve(received);
      },
      failed(error) {
        freed();
        reject(error);
      },
    });
  });
}

/** A thread needs 20 MB; told how little it may come to need, V8 tidies up before it has let the heap grow to twice that. */
const heap = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 512 };

function openThread(settings: ThreadSettings, log: ((entry: RequestLog) => void) | undefined): Thread {
  const worker = new Worker(new URL("./transfer-thread.js", import.meta.url), {
    workerData: settings,
    resourceLimits: heap,
  });
  const jobs = new Map<number, Under>();
  const order = inBatches<Order>((batch) => worker.postMessage(batch));
  let gone: RecordingError | undefined;
  let closed = () => {};
  const ended = new Promise<void>((resolve) => {
    closed = resolve;
  });

  const lost = (error: unknown) => {
    gone ??= asRecordingError(error);
    for (const id of [...jobs.keys()]) failed(id, gone);
    closed();
  };
  worker.on("error", lost);
  worker.on("exit", () => lost(new RecordingError("bug", "A transfer thread ended by itself.")));
  worker.on("message", (batch: readonly News[]) => {
    for (const news of batch) hear(news);
  });

  function hear(news: News): void {
    if (news.news === "request") log?.(news.entry);
    else if (news.news === "closed") closed();
    else hearOf(news);
  }

  function hearOf(news: Exclude<News, { news: "request" | "closed" }>): void {
    const under = jobs.get(news.id);
    if (under === undefined) return;
    if (news.news === "head") under.hooks.head?.(news.head);
    else if (news.news === "progress") under.hooks.progress?.(news.bytes, news.total);
    else if (news.news === "received") received(under);
    else if (news.news === "failed") failed(news.id, errorOf(news.error));
    else {
      jobs.delete(news.id);
      under.settled?.resolve(news.stored);
    }
  }

  function failed(id: number, error: RecordingError): void {
    const under = jobs.get(id);
    jobs.delete(id);
    if (under?.settled !== undefined) under.settled.reject(error);
    else under?.failed(error);
  }

  return {
    busy: 0,
    start(id, job, under) {
      if (gone !== undefined) return under.failed(gone);
      jobs.set(id, under);
      order({ order: "run", id, job, progress: under.hooks.progress !== undefined });
    },
    cut: (id, error) => order({ order: "cut", id, error: errorParts(error) }),
    async close() {
      if (gone === undefined) order({ order: "close" });
      await ended;
      await worker.terminate();
    },
  };
}

function received(under: Under): void {
  const settled = new Promise<Stored>((resolve, reject) => {
    under.settled = { resolve, reject };
  });
  under.received({ settled });
}
