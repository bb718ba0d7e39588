/** The sandbox's time: the machine's clock plus an offset that tests and the control endpoint can move. */
export interface SandboxClock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Moves the clock, forwards or (negative) backwards. */
  advance(ms: number): void;
  /** Sets the wall clock; it goes on from there at the machine's pace. */
  set(ms: number): void;
}

/** Opens a clock that shows `startMs` (default: the machine's time) and then keeps the machine's pace. */
export function openSandboxClock(startMs?: number): SandboxClock {
  let offset = startMs === undefined ? 0 : startMs - Date.now();
  return {
    now: () => Date.now() + offset,
    advance: (ms) => {
      offset += ms;
    },
    set: (ms) => {
      offset = ms - Date.now();
    },
  };
}
