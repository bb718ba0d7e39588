/** Lets one caller in at a time; resolves to what the caller calls to let the next one in. */
export type Turns = (signal: AbortSignal) => Promise<() => void>;

/** A queue that an aborted signal leaves. */
export function openTurns(): Turns {
  let last: Promise<void> = Promise.resolve();
  return async (signal) => {
    const before = last;
    let done = () => {};
    const mine = new Promise<void>((resolve) => {
      done = resolve;
    });
    last = before.then(() => mine);
    try {
      await unlessAborted(before, signal);
    } catch (thrown) {
      done();
      throw thrown;
    }
    return done;
  };
}

async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
