import { setMaxListeners } from "node:events";

/** The outcome of `work`, or this caller's own end when `signal` aborts; the work itself goes on for the others. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {});
  // Any number of callers may wait on one signal.
  setMaxListeners(0, signal);
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}

/**
 * Lets one caller at a time in under each name, in the order of their coming; resolves with what lets the next one in,
 * and rejects with the signal's reason when that aborts first.
 */
export type KeyedMutex = (name: string, signal: AbortSignal) => Promise<() => void>;

export function openKeyedMutex(): KeyedMutex {
  const last = new Map<string, Promise<void>>();
  return async (name, signal) => {
    const before = last.get(name);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const all = before === undefined ? held : before.then(() => held);
    last.set(name, all);
    void all.then(() => {
      if (last.get(name) === all) last.delete(name);
    });
    try {
      if (before !== undefined) await orAborted(before, signal);
    } catch (thrown) {
      release();
      throw thrown;
    }
    return release;
  };
}
