/**
 * What the time may be where this machine's clock and a system's own disagree, in milliseconds since 1970: either may be
 * the wrong one. What the earlier or the later one selects is listed, and only what both have passed is known.
 */
export interface Now {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** The time by this machine's clock and by the system's, where it tells. */
export function nowBy(localMs: number, systemMs: number | undefined): Now {
  const other = systemMs ?? localMs;
  return { earliestMs: Math.min(localMs, other), latestMs: Math.max(localMs, other) };
}
