/** How far back a look lists: over the last hours, or over the whole look-back. */
export type Reach = "near" | "far";

/** When looks are due, so that all of them together take a fifth of the budget at most. */
export interface Pace {
  /** How far back the look that is due now reaches. */
  reach(nowMs: number): Reach;
  /** A look was made, at the price of so many requests. */
  looked(reach: Reach, requests: number, nowMs: number): void;
  /** How long after a look the next one is due. */
  pauseMs(ratePerMinute: number): number;
}

/** The parts of the budget that looks may take. */
const nearPart = 0.15;
const farPart = 0.05;
const farEveryMs = 10 * 60_000;

/**
 * Looks reach far back as long as that takes a single request; else they reach far now and then, for calls that lasted
 * long and recordings that came late, and near in between. Times are monotonic; `everyMs` is the shortest pause.
 */
export function openPace(everyMs: number): Pace {
  const prices: Record<Reach, number> = { near: 1, far: 1 };
  let lastFar: number | undefined;
  let perMinute = 10;
  return {
    reach(nowMs) {
      if (lastFar === undefined || prices.far <= 1) return "far";
      const pause = Math.max(farEveryMs, (prices.far * 60_000) / perMinute / farPart);
      return nowMs - lastFar >= pause ? "far" : "near";
    },
    looked(reach, requests, nowMs) {
      prices[reach] = Math.max(1, requests);
      if (reach === "far") lastFar = nowMs;
    },
    pauseMs(ratePerMinute) {
      perMinute = Math.max(ratePerMinute, Number.MIN_VALUE);
      const price = prices.far <= 1 ? 1 : prices.near;
      return Math.max(everyMs, (price * 60_000) / perMinute / nearPart);
    },
  };
}
