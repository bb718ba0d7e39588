/** Whether recordings are on their way, as far as the source tells of calls while it is listened to. */
export interface Expectation {
  /** The source tells of every call from now on. */
  listening(nowMs: number): void;
  /** It tells of none any more. */
  deaf(): void;
  callEnded(nowMs: number): void;
  /** A look begins: what was told so far is being looked for. */
  looking(nowMs: number): void;
  /** When the next look is due, `pauseMs` being the usual time after the last one. */
  dueMs(pauseMs: number): number;
}

/** Soon after a call's end its record is there; looks for it are not closer than this together. */
const soonMs = 5_000;
const apartMs = 15_000;
/** For so long after the last call looks come as usual: its recording may be late. */
const lateMs = 15 * 60_000;
/** Between looks while nobody speaks. */
const quietMs = 5 * 60_000;

/** Times are monotonic; `scale` makes all of them shorter where somebody wants to look more often than is usual. */
export function openExpectation(scale = 1): Expectation {
  let heardSince: number | undefined;
  let lastEnd = Number.NEGATIVE_INFINITY;
  let lastLook = Number.NEGATIVE_INFINITY;
  return {
    listening(nowMs) {
      heardSince ??= nowMs;
    },
    deaf() {
      heardSince = undefined;
    },
    callEnded(nowMs) {
      lastEnd = nowMs;
    },
    looking(nowMs) {
      lastLook = nowMs;
    },
    dueMs(pauseMs) {
      const usual = lastLook + pauseMs;
      if (heardSince === undefined) return usual;
      if (lastEnd >= lastLook) return Math.min(usual, Math.max(lastEnd + soonMs * scale, lastLook + apartMs * scale));
      const isQuiet = lastLook - Math.max(lastEnd, heardSince) > lateMs * scale;
      return isQuiet ? lastLook + Math.max(pauseMs, quietMs * scale) : usual;
    },
  };
}
