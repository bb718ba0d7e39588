const shortestMs = 10 * 60_000;

/**
 * When insights that were not there are worth asking for again: after ten minutes, then each time that the call has become
 * half as old again, so that a call of a day costs a handful of requests, and one of months hardly any.
 */
export function insightsDueMs(askedMs: number, startMs: number): number {
  const age = Number.isNaN(startMs) ? 0 : askedMs - startMs;
  return askedMs + Math.max(shortestMs, age / 2);
}

/** The answers so far that say nothing but that the gateway knows no such thing: none has ever said more. */
export interface ServiceDoubt {
  /** All of them. */
  readonly unknown: number;
  /** Those of calls that were over for a day: what was to be written of them, was. */
  readonly late: number;
  /** The last one. */
  readonly askedMs: number;
}

const dayMs = 24 * 60 * 60_000;
const mostUnknown = 20;
const mostLate = 5;

/** The doubt after one more such answer, of a call that began at `startMs` (NaN where that is not known). */
export function doubtAfter(before: ServiceDoubt | undefined, startMs: number, nowMs: number): ServiceDoubt {
  const isLate = nowMs - startMs > dayMs;
  return { unknown: (before?.unknown ?? 0) + 1, late: (before?.late ?? 0) + (isLate ? 1 : 0), askedMs: nowMs };
}

/** Whether so many answers, and no other, say that the account does not have the service. */
export function isWithoutService({ unknown, late }: ServiceDoubt): boolean {
  return unknown >= mostUnknown || late >= mostLate;
}

/** Whether it is time to ask about a few all the same: a licence may have been bought. */
export function isDoubtOld({ askedMs }: ServiceDoubt, nowMs: number): boolean {
  return nowMs < askedMs || nowMs - askedMs >= dayMs;
}

/** A doubt as it was kept by `JSON.stringify`; undefined for what is none. */
export function doubtOf(kept: string | undefined): ServiceDoubt | undefined {
  if (kept === undefined) return undefined;
  try {
    const { unknown, late, askedMs } = JSON.parse(kept) as Partial<ServiceDoubt>;
    const isDoubt = [unknown, late, askedMs].every((each) => Number.isSafeInteger(each));
    return isDoubt ? ({ unknown, late, askedMs } as ServiceDoubt) : undefined;
  } catch {
    return undefined;
  }
}
