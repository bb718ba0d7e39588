import type { SandboxClock } from "../../src/sandbox/clock.ts";

/** A sandbox's clock that stands still unless it is moved: nothing dies because a machine is slow. */
export function stillClock(): SandboxClock {
  return movedClock(0);
}

/** A sandbox's clock that each look at it moves by a millisecond: ages count what has happened since, at any speed. */
export function steppingClock(): SandboxClock {
  return movedClock(1);
}

function movedClock(stepMs: number): SandboxClock {
  let now = Date.now();
  return {
    now() {
      now += stepMs;
      return now;
    },
    advance(ms) {
      now += ms;
    },
    set(ms) {
      now = ms;
    },
  };
}
