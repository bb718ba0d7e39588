import { setMaxListeners } from "node:events";
import type { Permit } from "../../../core/model/ports.ts";
import type { PermitBlock } from "./budget.ts";

/** Requests of one kind that wait, in order, and the permits they are served from. */
export interface Queue {
  readonly kind: string;
  readonly waiters: Set<Waiter>;
  reserve: Reserve | undefined;
  pumping: boolean;
  nap: AbortController | undefined;
}

interface Waiter {
  readonly resolve: (permit: Permit) => void;
  readonly reject: (reason: unknown) => void;
}

/** Permits held in memory: one, or a block of them where the budget is large. */
export interface Reserve {
  readonly queue: Queue;
  readonly block: PermitBlock;
  left: number;
  unanswered: number;
}

export function joinQueue(queue: Queue, signal: AbortSignal): Promise<Permit> {
  // Any number of workers may wait on one signal.
  setMaxListeners(0, signal);
  return new Promise((resolve, reject) => {
    const leave = () => {
      queue.waiters.delete(waiter);
      reject(signal.reason);
      if (queue.waiters.size === 0) queue.nap?.abort();
    };
    const waiter: Waiter = {
      reject,
      resolve: (permit) => {
        signal.removeEventListener("abort", leave);
        resolve(permit);
      },
    };
    signal.addEventListener("abort", leave, { once: true });
    queue.waiters.add(waiter);
  });
}
