/** Who works on which part in this thread: two downloads of one recording take turns instead of mixing their bytes. */
const turns = new Map<string, Promise<void>>();

/** Resolves with the function that ends the turn, once `name` is free; rejects with the signal's reason. */
export async function takeTurn(name: string, signal: AbortSignal): Promise<() => void> {
  for (let before = turns.get(name); before !== undefined; before = turns.get(name)) await orAborted(before, signal);
  let end = () => {};
  const turn = new Promise<void>((resolve) => {
    end = resolve;
  });
  turns.set(name, turn);
  return () => {
    if (turns.get(name) === turn) turns.delete(name);
    end();
  };
}

function orAborted(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    wait.then(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
  });
}
