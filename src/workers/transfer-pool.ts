/*
 * Where 8 transfers or more may run at once, bytes have threads of their own (one less than there are cores, two at most;
 * on two cores a second one for recordings of half a megabyte on): hashing and HTTP leave the rate limiter, names and
 * ledger to the main thread, and what crosses goes in batches. A thread takes a tenth of a second to start: the main
 * thread brings what comes before, and all of a short run, itself.
 */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { asRecordingError, errorOf, errorParts, RecordingError } from "../core/model/errors.ts";
import type { Clock, Received, Transfer, TransferHooks, TransferJob } from "../core/model/ports.ts";
import type { ResponseHead, Stored } from "../core/model/recording.ts";
import { contentLength } from "../core/model/response-headers.ts";
import type { RequestLog } from "../http/client.ts";
import { inBatches, type News, type Order, type RunOrder, type ThreadSettings } from "./transfer-messages.ts";

/** A job in a thread: first its bytes are awaited, then its safety. */
interface Under {
  readonly hooks: TransferHooks;
  readonly resolve: (received: Received) => void;
  readonly reject: (error: RecordingError) => void;
  settled?: { readonly resolve: (stored: Stored) => void; readonly reject: (error: RecordingError) => void };
}

interface Thread {
  /** Jobs whose bytes are on their way. */
  readonly busy: number;
  /** Whether its code is loaded. */
  readonly isReady: boolean;
  run(order: RunOrder, hooks: TransferHooks): Promise<Received>;
  /** Cuts the running jobs of a signal. */
  cut(signal: number, error: RecordingError): void;
  close(): Promise<void>;
}

/** How many threads: for short recordings, of which this thread has much to do too, and for long ones. */
export interface ThreadCounts {
  readonly short: number;
  readonly long: number;
}

/** Fewer transfers at once leave one thread idle enough. */
const threadsFrom = 8;
/** More than two threads were never measured. */
const mostThreads = 2;

/**
 * The threads for so many transfers at once; undefined where the main thread is enough. As long as recordings are short, a
 * core is left to that one.
 */
export function threadCounts(transfers: number): ThreadCounts | undefined {
  const cores = availableParallelism();
  if (cores === 1 || transfers < threadsFrom) return undefined;
  return { short: Math.min(mostThreads, cores - 1), long: Math.min(mostThreads, cores) };
}

/** From so many bytes on, a minute of telephone audio, a second thread on two cores wins more than it costs. */
const longFrom = 512 * 1024;
/** So many short recordings at once need no other thread. */
const few = 4;
/** Whoever has not answered by then, or never will, keeps nobody else waiting. */
const firstAnswerMs = 1000;

/**
 * Transfers in threads of their own, each with its connections, hashes and files, and `here`, in this one, which keeps the
 * rate limiter, the ledger and the names. The first job is done here, and its answer, for which the others wait a second at
 * most, tells whether recordings are long. Threads start when there is more to do than `here` should take; jobs go to the one with
 * least to do. Disposes `here` too.
 */
export function openTransferThreads(
  settings: ThreadSettings,
  counts: ThreadCounts,
  here: Transfer,
  clock: Clock,
  log?: (entry: RequestLog) => void,
): Transfer {
  const threads: Thread[] = [];
  const signalNumber = numberSignals((signal, error) => {
    for (const thread of threads) thread.cut(signal, error);
  });
  let made = 0;
  let busyHere = 0;
  let areLong: boolean | undefined;
  const answered = new AbortController();
  let firstAnswer: Promise<void> | undefined;

  function learn(head: ResponseHead): void {
    areLong = areLong === true || (contentLength(head) ?? 0) >= longFrom;
    answered.abort();
  }

  async function runHere(job: TransferJob, hooks: TransferHooks, signal: AbortSignal): Promise<Received> {
    busyHere += 1;
    try {
      return await here.run(job, areLong === undefined ? alsoTold(hooks, learn) : hooks, signal);
    } finally {
      busyHere -= 1;
    }
  }

  function runInThread(job: TransferJob, hooks: TransferHooks, signal: AbortSignal): Promise<Received> {
    const count = areLong ? counts.long : counts.short;
    while (threads.length < count) threads.push(openThread(settings, { log, head: learn }));
    const thread = threads.reduce((least, each) => (each.busy < least.busy ? each : least));
    made += 1;
    const progress = hooks.progress !== undefined;
    return thread.run({ order: "run", id: made, job, signal: signalNumber(signal), progress }, hooks);
  }

  function belongsHere(): boolean {
    if (areLong) return false;
    return threads.length === 0 ? busyHere < few : !threads.some((thread) => thread.isReady);
  }

  function start(job: TransferJob, hooks: TransferHooks, signal: AbortSignal): Promise<Received> {
    if (signal.aborted) return Promise.reject(asRecordingError(signal.reason));
    return (belongsHere() ? runHere : runInThread)(job, hooks, signal);
  }

  async function startAfterFirst(job: TransferJob, hooks: TransferHooks, signal: AbortSignal): Promise<Received> {
    if (firstAnswer !== undefined) {
      await firstAnswer;
      return start(job, hooks, signal);
    }
    firstAnswer = clock.sleep(firstAnswerMs, answered.signal).catch(() => {});
    return start(job, hooks, signal).finally(() => answered.abort());
  }

  return {
    run: (job, hooks, signal) => (areLong === undefined ? startAfterFirst : start)(job, hooks, signal),
    async [Symbol.asyncDispose]() {
      await Promise.all([here[Symbol.asyncDispose](), ...threads.map((thread) => thread.close())]);
    },
  };
}

function alsoTold(hooks: TransferHooks, learn: (head: ResponseHead) => void): TransferHooks {
  return {
    ...hooks,
    head(head) {
      learn(head);
      hooks.head?.(head);
    },
  };
}

/** Gives each signal a number that can cross into threads, and tells once when it is aborted. */
function numberSignals(aborted: (signal: number, error: RecordingError) => void): (signal: AbortSignal) => number {
  const numbers = new WeakMap<AbortSignal, number>();
  let last = 0;
  return (signal) => {
    const known = numbers.get(signal);
    if (known !== undefined) return known;
    last += 1;
    const number = last;
    numbers.set(signal, number);
    signal.addEventListener("abort", () => aborted(number, asRecordingError(signal.reason)), { once: true });
    return number;
  };
}

/**
 * What the network brings lies outside the heap and is given back when the young generation is tidied: a small one is
 * tidied before tens of megabytes have piled up (a tenth of the CPU and 40 MB with recordings of a minute).
 */
const heap = { maxYoungGenerationSizeMb: 3, maxOldGenerationSizeMb: 512 };

/** What a thread tells of all its jobs. */
interface Listener {
  readonly log: ((entry: RequestLog) => void) | undefined;
  head(head: ResponseHead): void;
}

function openThread(settings: ThreadSettings, listener: Listener): Thread {
  const worker = new Worker(new URL("./transfer-worker.js", import.meta.url), {
    workerData: settings,
    resourceLimits: heap,
  });
  const jobs = new Map<number, Under>();
  const order = inBatches<Order>((batch) => worker.postMessage(batch));
  let busy = 0;
  let isReady = false;
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
    if (news.news === "request") listener.log?.(news.entry);
    else if (news.news === "ready") isReady = true;
    else if (news.news === "closed") closed();
    else hearOf(news);
  }

  function hearOf(news: Exclude<News, { news: "request" | "ready" | "closed" }>): void {
    const under = jobs.get(news.id);
    if (under === undefined) return;
    if (news.news === "head") {
      listener.head(news.head);
      under.hooks.head?.(news.head);
    } else if (news.news === "progress") under.hooks.progress?.(news.bytes, news.total);
    else if (news.news === "received") received(under);
    else if (news.news === "failed") failed(news.id, errorOf(news.error));
    else {
      jobs.delete(news.id);
      under.settled?.resolve(news.stored);
    }
  }

  function received(under: Under): void {
    busy -= 1;
    const settled = new Promise<Stored>((resolve, reject) => {
      under.settled = { resolve, reject };
    });
    under.resolve({ settled });
  }

  function failed(id: number, error: RecordingError): void {
    const under = jobs.get(id);
    jobs.delete(id);
    if (under?.settled !== undefined) under.settled.reject(error);
    else {
      busy -= 1;
      under?.reject(error);
    }
  }

  return {
    get busy() {
      return busy;
    },
    get isReady() {
      return isReady;
    },
    run(run, hooks) {
      if (gone !== undefined) return Promise.reject(gone);
      busy += 1;
      order(run);
      return new Promise((resolve, reject) => jobs.set(run.id, { hooks, resolve, reject }));
    },
    cut: (signal, error) => order({ order: "cut", signal, error: errorParts(error) }),
    async close() {
      if (gone === undefined) {
        order({ order: "close" });
        await ended;
      }
      await worker.terminate();
    },
  };
}
