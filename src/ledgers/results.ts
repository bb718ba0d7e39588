import type { RecordingError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import type { RecordingKey, RecordingRef, Stored } from "../core/recording.ts";

const groupMs = 4;
const groupSize = 256;

/** What became of a claimed recording. */
export type Result =
  | { readonly ref: RecordingRef; readonly stored: Stored }
  | { readonly ref: RecordingRef; readonly error: RecordingError }
  | { readonly key: RecordingKey; readonly released: true };

/** Results on their way into the file. */
export interface Results {
  /** Resolves when the result is committed; results that come close together share one transaction. */
  settle(result: Result): Promise<void>;
  /** Commits what waits, now. Never throws: each waiting promise hears of its own fate. */
  flush(): void;
}

interface Waiting {
  readonly result: Result;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Writes results in groups through `write`; a lone result is not kept waiting. */
export function openResults(clock: Clock, write: (results: readonly Result[]) => void): Results {
  let queue: Waiting[] = [];
  let timer: { cancel(): void } | undefined;
  let flushedAt = Number.NEGATIVE_INFINITY;

  const flush = () => {
    timer?.cancel();
    timer = undefined;
    if (queue.length === 0) return;
    const group = queue;
    queue = [];
    flushedAt = clock.monotonic();
    try {
      write(group.map(({ result }) => result));
      for (const { resolve } of group) resolve();
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };
  return {
    settle: (result) =>
      new Promise((resolve, reject) => {
        queue.push({ result, resolve, reject });
        if (queue.length >= groupSize) flush();
        else timer ??= clock.monotonic() - flushedAt >= groupMs ? soon(flush) : later(flush);
      }),
    flush,
  };
}

function soon(flush: () => void): { cancel(): void } {
  const immediate = setImmediate(flush);
  return { cancel: () => clearImmediate(immediate) };
}

function later(flush: () => void): { cancel(): void } {
  const timeout = setTimeout(flush, groupMs);
  return { cancel: () => clearTimeout(timeout) };
}
