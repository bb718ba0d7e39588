/** Wakes all who wait for the next change of something. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring; rejects with the signal's reason when it aborts. */
  next(signal: AbortSignal): Promise<void>;
}

export function openBell(): Bell {
  const waiting = new Set<() => void>();
  return {
    ring() {
      for (const wake of [...waiting]) wake();
    },
    next(signal) {
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiting.delete(wake);
          signal.removeEventListener("abort", abort);
        };
        const wake = () => {
          leave();
          resolve();
        };
        const abort = () => {
          leave();
          reject(signal.reason);
        };
        if (signal.aborted) return reject(signal.reason);
        waiting.add(wake);
        signal.addEventListener("abort", abort);
      });
    },
  };
}
