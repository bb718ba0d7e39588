import type { Clock } from "../../src/core/model/ports.ts";
import { heldClock } from "./held-clock.ts";

/** A clock that stands still while requests are under way, and leaps to the first sleeper's time once everybody sleeps. */
export interface IdleClock extends Clock {
  /** Holds the time until this is done. */
  during<T>(work: Promise<T>): Promise<T>;
}

/** Turns of the event loop without anything new after which everybody is taken to sleep. */
const quietTurns = 5;

/** Whether this process waits for its disk: who does may be slow, and does not sleep. */
export function awaitsDisk(): boolean {
  return process.getActiveResourcesInfo().some((name) => name.startsWith("FSReq"));
}

export function idleClock(startMs?: number): IdleClock {
  const held = heldClock(startMs);
  let underWay = 0;
  let changes = 0;
  let watching = false;

  async function watch(): Promise<void> {
    if (watching) return;
    watching = true;
    while (underWay === 0 && held.sleeping > 0) {
      const before = changes;
      for (let turn = 0; turn < quietTurns; turn++) await new Promise((resolve) => setImmediate(resolve));
      if (changes === before && !awaitsDisk()) await held.advance(held.untilNext);
    }
    watching = false;
  }

  function change(): void {
    changes += 1;
    void watch();
  }

  return {
    now: held.now,
    monotonic: held.monotonic,
    sleep(ms, signal) {
      const slept = held.sleep(ms, signal);
      change();
      return slept;
    },
    async during(work) {
      underWay += 1;
      changes += 1;
      try {
        return await work;
      } finally {
        underWay -= 1;
        change();
      }
    },
  };
}
