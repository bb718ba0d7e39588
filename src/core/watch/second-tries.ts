import type { RecordingKey } from "../model/recording.ts";

/** When recordings that failed are tried again. */
export interface SecondTries {
  /** Whether it is time to ask for this one; so it is for one that never failed. */
  isDue(key: RecordingKey, nowMs: number): boolean;
  failed(key: RecordingKey, nowMs: number): void;
  /** It came, or nobody wants it any more. */
  settled(key: RecordingKey): void;
}

const latestMs = 60 * 60_000;
/** Longer than looks reach back: what is not seen any more needs no memory. */
const forgottenMs = 48 * 60 * 60_000;

/**
 * Tries again after an eighth of the time that a recording has failed for: after `soonestMs` while it may be ready any
 * moment, hourly after a working day. Times are monotonic.
 */
export function openSecondTries(soonestMs: number): SecondTries {
  const failing = new Map<RecordingKey, { readonly since: number; readonly nextMs: number }>();
  return {
    isDue: (key, nowMs) => (failing.get(key)?.nextMs ?? nowMs) <= nowMs,
    failed(key, nowMs) {
      const since = failing.get(key)?.since ?? nowMs;
      failing.set(key, { since, nextMs: nowMs + Math.min(latestMs, Math.max(soonestMs, (nowMs - since) / 8)) });
      for (const [each, { since: begun }] of failing) if (nowMs - begun > forgottenMs) failing.delete(each);
    },
    settled: (key) => void failing.delete(key),
  };
}
