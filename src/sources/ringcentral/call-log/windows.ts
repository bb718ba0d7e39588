/*
 * Listing windows grow: they begin with a day, double while calls are few and shrink when they hold more than can be
 * sorted in memory. The vendor's sync endpoints are not used: a rewritten record does not always count as changed
 * there.
 */

import { usualRetentionDays } from "../../../core/download/evidence.ts";
import type { Selection } from "../../../core/model/ports.ts";
import type { Now } from "../../../core/two-clocks.ts";

const dayMs = 86_400_000;
/** How long RingCentral keeps recordings unless an account is set otherwise: where a listing without a start begins. */
const retentionMs = usualRetentionDays.ringcentral * dayMs;
const longestMs = 16 * dayMs;
const longestEmptyMs = 256 * dayMs;
const shortestMs = 60_000;

/** The most records of one window that are held to be sorted. */
export const mostHeld = 10_000;

export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The calls to list, and up to which instant they are known then. */
export interface ListingRange extends Range {
  readonly knownToMs: number;
}

/** What to list: its end is in the past so that no new call can move the pages. */
export function listingRange(selection: Pick<Selection, "fromMs" | "toMs" | "minAgeMs">, now: Now): ListingRange {
  const leastAgeMs = Math.max(1000, selection.minAgeMs ?? 0);
  const toMs = Math.min(selection.toMs ?? Infinity, now.latestMs - leastAgeMs);
  const knownToMs = Math.min(toMs, now.earliestMs - leastAgeMs);
  return { fromMs: selection.fromMs ?? knownToMs - retentionMs, toMs, knownToMs };
}

/** The parts of a range in the order to list them: first what still can be had, oldest first, then what has expired. */
export function inOrderOfExpiry({ fromMs, toMs }: Range, expiredBeforeMs: number | undefined): readonly Range[] {
  if (expiredBeforeMs === undefined || expiredBeforeMs <= fromMs) return [{ fromMs, toMs }];
  if (expiredBeforeMs >= toMs) return [{ fromMs, toMs }];
  return [
    { fromMs: expiredBeforeMs, toMs },
    { fromMs, toMs: expiredBeforeMs },
  ];
}

/**
 * How long the next window is. It starts with a day; nearly empty windows are followed by longer ones, which saves
 * requests, and windows that became short by longer ones again as soon as that fits.
 */
export function nextSpan(spanMs: number | undefined, records: number): number {
  if (spanMs === undefined) return dayMs;
  if (records > mostHeld) return Math.max(shortestMs, spanMs / 2);
  if (spanMs < dayMs && records * 4 < mostHeld) return Math.min(dayMs, spanMs * 2);
  if (records === 0) return Math.min(longestEmptyMs, spanMs * 2);
  return records < 60 ? Math.min(longestMs, spanMs * 2) : Math.min(longestMs, spanMs);
}

/**
 * How long a window may be so that its records can be sorted in memory, going by how close together the starts on its
 * first page are; undefined when it may stay as it is.
 */
export function fittingSpan(spanMs: number, starts: readonly number[]): number | undefined {
  const known = starts.filter((start) => !Number.isNaN(start));
  const across = Math.max(...known) - Math.min(...known);
  if (known.length < 2 || across <= 0) return undefined;
  const expected = (known.length * spanMs) / across;
  if (expected <= 2 * mostHeld || spanMs <= shortestMs) return undefined;
  return Math.max(shortestMs, (spanMs * mostHeld) / expected);
}
