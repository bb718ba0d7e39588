import { RecordingError } from "../core/model/errors.ts";
import type { Clock } from "../core/model/ports.ts";

const pollMs = 250;

/** Who waits for a lock, and how long. */
export interface LockOptions {
  /** How long to wait for another run to end; 0 = not at all. */
  readonly waitMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly pid?: number;
  /** The zone in which the holder's begin is told; the system's unless given. */
  readonly timezone?: string | undefined;
}

/** Tries until the lock is had or the patience is over: then `locked`, with the words of `message`. */
export async function acquire(
  attempt: () => { release(): void } | undefined | Promise<{ release(): void } | undefined>,
  message: () => string,
  { waitMs, clock, signal }: LockOptions,
): Promise<{ release(): void }> {
  const end = clock.monotonic() + waitMs;
  for (;;) {
    signal.throwIfAborted();
    const lock = await attempt();
    if (lock !== undefined) return lock;
    const left = end - clock.monotonic();
    if (left <= 0) throw new RecordingError("locked", message());
    await clock.sleep(Math.min(pollMs, left), signal);
  }
}
