import type { Clock } from "../core/model/ports.ts";

/** A timer that is set for longer goes off at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The system's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const until = performance.now() + ms;
      let timer: NodeJS.Timeout;
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const wait = (left: number) => {
        timer = setTimeout(
          () => {
            if (left > longestTimerMs) return wait(until - performance.now());
            signal.removeEventListener("abort", onAbort);
            resolve();
          },
          Math.min(left, longestTimerMs),
        );
      };
      wait(ms);
      signal.addEventListener("abort", onAbort, { once: true });
    }),
};
