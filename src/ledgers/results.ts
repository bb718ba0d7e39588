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
export interface Results<Outcome> {
  /** Resolves with what `write` made of it when the result is committed; results that come close together share a transaction. */
  settle(result: Result): Promise<Outcome>;
  /** Commits what waits, now. Never throws: each waiting promise hears of its own fate. */
  flush(): void;
}

interface Waiting<Outcome> {
  readonly result: Result;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Writes results in groups through `write`. Files are synced in groups, so their results come together by themselves. */
export function openResults<Outcome>(write: (results: readonly Result[]) => readonly Outcome[]): Results<Outcome> {
  let queue: Waiting<Outcome>[] = [];
  let scheduled: NodeJS.Timeout | undefined;
  let committedAt = Number.NEGATIVE_INFINITY;

  const flush = () => {
    clearTimeout(scheduled);
    scheduled = undefined;
    const group = queue;
    queue = [];
    if (group.length === 0) return;
    try {
      const outcomes = write(group.map(({ result }) => result));
      for (const [at, { resolve }] of group.entries()) resolve(outcomes[at] as Outcome);
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
