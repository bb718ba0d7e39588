import type { Clock } from "../model/ports.ts";

/** A difference that no correction of a clock makes by itself. */
const tellingMs = 30_000;

/**
 * Notices that the machine slept, or that its clock was set: then the wall clock and the monotonic one went apart. Each
 * call tells by how many milliseconds they did since the one before, or 0 for less than is worth a word.
 */
export function openJumpWatch(clock: Pick<Clock, "now" | "monotonic">): () => number {
  const apart = () => clock.now() - clock.monotonic();
  let before = apart();
  return () => {
    const now = apart();
    const jump = now - before;
    before = now;
    return Math.abs(jump) < tellingMs ? 0 : jump;
  };
}
