const shortestMs = 10 * 60_000;

/**
 * When insights that were not there are worth asking for again: after ten minutes, then each time that the call has become
 * half as old again, so that a call of a day costs a handful of requests, and one of months hardly any.
 */
export function insightsDueMs(askedMs: number, startMs: number): number {
  const age = Number.isNaN(startMs) ? 0 : askedMs - startMs;
  return askedMs + Math.max(shortestMs, age / 2);
}
