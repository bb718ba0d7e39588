import type { RecordingError } from "./model/errors.ts";

/**
 * Does `work` until it ends well. After each failure `pauseAfter` is told how many there were, and says how many
 * milliseconds to wait before the next try, or throws what the failures come to.
 */
export async function retried<T>(
  work: () => Promise<T>,
  pauseAfter: (thrown: unknown, failures: number) => number,
  sleep: (ms: number) => Promise<void>,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (thrown) {
      const pauseMs = pauseAfter(thrown, failures);
      if (pauseMs > 0) await sleep(pauseMs);
    }
  }
}

export interface RetryPolicy {
  /** Repeats after the first try. */
  readonly retries: number;
  /** Longest time a recording may be tried for, waits included; milliseconds. */
  readonly maxTimeMs?: number;
  /** First delay before jitter, doubled each time up to `maxDelayMs`. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { retries: 5, baseDelayMs: 1_000, maxDelayMs: 60_000 };

/** How often a host that has never answered is tried: a typing error or a missing network should not take minutes to tell. */
const triesOfSilentHost = 2;

/** What was tried so far on one recording. */
export interface Attempts {
  /** Failed tries that count; a 429 does not, its wait is the rate limiter's business. */
  readonly counted: number;
  readonly elapsedMs: number;
  /** Whether this run has ever had an answer from the source. */
  readonly answered: boolean;
}

/**
 * Milliseconds until the next try, or undefined when it is time to give up. Exponential with full jitter; a
 * Retry-After is honoured in full and jitter only adds to it.
 */
export function retryDelay(
  error: RecordingError,
  attempts: Attempts,
  policy: RetryPolicy,
  random: () => number,
): number | undefined {
  if (error.verdict !== "retry") return undefined;
  const limited = error.code === "rate-limited";
  const allowed =
    error.code === "unreachable" && !attempts.answered ? Math.min(triesOfSilentHost, policy.retries) : policy.retries;
  if (!limited && attempts.counted > allowed) return undefined;
  const ceiling = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** Math.max(0, attempts.counted - 1));
  const delay = (error.retryAfterMs ?? 0) + random() * ceiling;
  if (policy.maxTimeMs !== undefined && attempts.elapsedMs + delay > policy.maxTimeMs) return undefined;
  return Math.round(delay);
}
