import type { RecordingError } from "../core/errors.ts";
import type { RecordingKey, RecordingRef, Stored } from "../core/recording.ts";

const groupSize = 256;
/** Results that come sooner after a commit wait for company until then: one that comes alone is committed at once. */
const commitEveryMs = 10;

/** What became of a claimed recording. */
export type Result =
  | { readonly ref: RecordingRef; readonly stored: Stored }
  | { readonly ref: RecordingRef; readonly error: RecordingError }
  | { readonly key: RecordingKey; readonly released: true };

/** Results on their way into the file. */
export interface Results {
  /** Resolves when the result is committed; results that come close together share a transaction. */
  settle(result: Result): Promise<void>;
  /** Commits what waits, now. Never throws: each waiting promise hears of its own fate. */
  flush(): void;
}

interface Waiting {
  readonly result: Result;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Writes results in groups through `write`. Files are synced in groups, so their results come together by themselves. */
export function openResults(write: (results: readonly Result[]) => void): Results {
  let queue: Waiting[] = [];
  let scheduled: NodeJS.Timeout | undefined;
  let committedAt = Number.NEGATIVE_INFINITY;

  const flush = () => {
    clearTimeout(scheduled);
    scheduled = undefined;
    const group = queue;
    queue = [];
    if (group.length === 0) return;
    try {
      write(group.map(({ result }) => result));
      for (const { resolve } of group) resolve();
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
    committedAt = performance.now();
  };
  return {
    settle: (result) =>
      new Promise((resolve, reject) => {
        queue.push({ result, resolve, reject });
        if (queue.length >= groupSize) flush();
        else scheduled ??= setTimeout(flush, Math.max(0, committedAt + commitEveryMs - performance.now()));
      }),
    flush,
  };
}
