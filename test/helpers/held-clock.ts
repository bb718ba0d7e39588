import type { Clock } from "../../src/core/model/ports.ts";

/** A clock that stands still until `advance`; sleepers wake in order of their time. */
export function heldClock(start = Date.UTC(2026, 10, 21)): Clock & {
  advance(ms: number): Promise<void>;
  readonly sleeping: number;
  readonly untilNext: number;
} {
  let now = start;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => now,
    monotonic: () => now - start,
    get sleeping() {
      return sleepers.size;
    },
    /** Milliseconds until the first sleeper wakes; Infinity without any. */
    get untilNext() {
      return Math.max(0, Math.min(...[...sleepers].map(({ at }) => at)) - now);
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const sleeper = {
          at: now + ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal.removeEventListener("abort", abort);
            resolve();
          },
        };
        const abort = () => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        };
        sleepers.add(sleeper);
        signal.addEventListener("abort", abort);
      }),
    async advance(ms) {
      const until = now + ms;
      for (;;) {
        await turn();
        const due = [...sleepers].filter((each) => each.at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        now = due.at;
        due.wake();
      }
      now = until;
      await turn();
    },
  };
}
