import pLimit from "p-limit";
import type { SourceName } from "../model/recording.ts";
import type { Adaptive } from "./adaptive.ts";

/** What runs at once: everything together, or, where the number is found by trying, each source by itself. */
export interface Lanes {
  /** Starts a task as soon as its lane is free, and resolves when there is room for one more. A task must not throw. */
  start(source: SourceName, task: () => Promise<void>): Promise<void>;
  /** Waits for every task that was started. */
  ended(): Promise<void>;
}

export function openLanes(transfers: number | Adaptive): Lanes {
  if (typeof transfers === "number") {
    const lane = openLane(() => transfers);
    return { start: (_source, task) => lane.start(task), ended: lane.ended };
  }
  const lanes = new Map<SourceName, Lane>();
  return {
    start(source, task) {
      const lane = lanes.get(source) ?? openLane(() => transfers.transfers(source));
      lanes.set(source, lane);
      return lane.start(task);
    },
    async ended() {
      await Promise.all([...lanes.values()].map((lane) => lane.ended()));
    },
  };
}

interface Lane {
  start(task: () => Promise<void>): Promise<void>;
  ended(): Promise<void>;
}

/** As many tasks at once as `width` tells whenever it is asked. */
function openLane(width: () => number): Lane {
  const limit = pLimit(width());
  const running = new Set<Promise<void>>();
  let left = () => {};
  return {
    async start(task) {
      if (limit.concurrency !== width()) limit.concurrency = width();
      const run: Promise<void> = limit(task).finally(() => {
        running.delete(run);
        left();
      });
      running.add(run);
      while (running.size > width()) {
        await new Promise<void>((resolve) => {
          left = resolve;
        });
      }
    },
    async ended() {
      await Promise.all(running);
    },
  };
}
