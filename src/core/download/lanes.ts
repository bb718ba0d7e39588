import pLimit from "p-limit";
import type { SourceName } from "../model/recording.ts";
import type { Adaptive } from "./adaptive.ts";

/** What runs at once: everything together, or, where the number is found by trying or sources have lines of their own, each source by itself. */
export interface Lanes {
  /** Starts a task as soon as its lane is free, and resolves when there is room for one more. A task must not throw. */
  start(source: SourceName, task: () => Promise<void>): Promise<void>;
  /** One of the lines of work has no more: its share of a fixed number is the others'. */
  lineEnded(): void;
  /** Waits for every task that was started. */
  ended(): Promise<void>;
}

/** `lines` is how many lines of work there are, each of its own sources. */
export function openLanes(transfers: number | Adaptive, lines = 1): Lanes {
  if (typeof transfers !== "number") return laneForEach((source) => transfers.transfers(source));
  if (lines > 1) return openShares(transfers, lines);
  const lane = openLane(() => transfers);
  return { start: (_source, task) => lane.start(task), lineEnded() {}, ended: lane.ended };
}

/** A source that makes all of its own wait, wherever that is, keeps no more than its share from the others. */
function openShares(transfers: number, lines: number): Lanes {
  let open = lines;
  const all = pLimit(transfers);
  const shares = laneForEach(() => Math.max(1, Math.floor(transfers / Math.max(1, open))));
  return {
    start: (source, task) => shares.start(source, () => all(task)),
    lineEnded() {
      open -= 1;
    },
    ended: shares.ended,
  };
}

function laneForEach(widthOf: (source: SourceName) => number): Lanes {
  const lanes = new Map<SourceName, Lane>();
  return {
    start(source, task) {
      const lane = lanes.get(source) ?? openLane(() => widthOf(source));
      lanes.set(source, lane);
      return lane.start(task);
    },
    lineEnded() {},
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
