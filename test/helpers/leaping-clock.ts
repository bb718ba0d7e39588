import type { Clock } from "../../src/core/model/ports.ts";

/** Real time in which whoever is at work comes to his next sleep before the clock leaps. */
const breathMs = 5;

/** A clock that runs with another one, but leaps to the first sleeper's time again and again: nobody sleeps long. */
export function leapingClock(base: Clock): Clock {
  let ahead = 0;
  let leaping = false;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const monotonic = () => base.monotonic() + ahead;

  function leap(): void {
    const first = Math.min(...[...sleepers].map(({ at }) => at));
    ahead += Math.max(0, first - monotonic());
    for (const sleeper of [...sleepers].sort((a, b) => a.at - b.at)) {
      if (sleeper.at <= monotonic()) sleeper.wake();
    }
    leaping = sleepers.size > 0;
    if (leaping) setTimeout(leap, breathMs);
  }

  return {
    now: () => base.now() + ahead,
    monotonic,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const end = (settle: () => void) => {
          sleepers.delete(sleeper);
          signal.removeEventListener("abort", abort);
          settle();
        };
        const abort = () => end(() => reject(signal.reason));
        const sleeper = { at: monotonic() + ms, wake: () => end(resolve) };
        sleepers.add(sleeper);
        signal.addEventListener("abort", abort);
        if (!leaping) setTimeout(leap, breathMs);
        leaping = true;
      }),
  };
}
