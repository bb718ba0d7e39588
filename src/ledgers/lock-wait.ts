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

/** An archive, or its ledger, that is held against others. */
export interface HeldLock {
  /** Lets others have it: they can once it resolves. */
  release(): void | Promise<void>;
}

/** Tries until the lock is had or the patience is over: then `locked`, with the words of `message`. */
export async function acquire<Lock>(
  attempt: () => Lock | undefined | Promise<Lock | undefined>,
  message: () => string,
  { waitMs, clock, signal }: LockOptions,
): Promise<Lock> {
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
