/** A stretch of time in milliseconds since 1970, the end exclusive. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The parts of `period` that none of `covered` has, oldest first. */
export function uncovered(period: Stretch, covered: readonly Stretch[]): readonly Stretch[] {
  const left: Stretch[] = [];
  let reached = period.fromMs;
  for (const { fromMs, toMs } of covered.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (fromMs >= period.toMs) break;
    if (fromMs > reached) left.push({ fromMs: reached, toMs: fromMs });
    reached = Math.max(reached, toMs);
  }
  if (reached < period.toMs) left.push({ fromMs: reached, toMs: period.toMs });
  return left;
}

export function overlaps(one: Stretch, other: Stretch): boolean {
  return one.fromMs < other.toMs && other.fromMs < one.toMs;
}
