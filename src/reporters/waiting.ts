import { formatNumberOf } from "../core/format.ts";
import { printable } from "../core/printable.ts";
import type { Progress } from "./progress.ts";

/** `waiting for RingCentral's budget until 14:03:12`, or undefined while nothing is waited for. */
export function waitingText(
  progress: Progress,
  redact: (text: string) => string,
  now = Date.now(),
): string | undefined {
  const waiting = progress.waiting();
  return waiting && `waiting for ${redact(printable(waiting.reason))} until ${momentOf(waiting.untilMs, now)}`;
}

/** `1,250 calls listed, up to 2026-01-31`, or undefined while no call log is read or it has all been read. */
export function listingText(progress: Progress): string | undefined {
  const listing = progress.listing();
  if (listing === undefined) return undefined;
  const { rows, from, to } = listing;
  if (from === to) return `listing calls from ${from.slice(0, 10)} on`;
  return `${formatNumberOf(rows, "call")} listed, up to ${to.slice(0, 10)}`;
}

/** The time of day, with the date where that is more than half a day away. */
function momentOf(ms: number, now: number): string {
  if (ms - now < 12 * 3_600_000) return timeOfDay(ms);
  const date = new Date(ms);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0"));
  return `${day.join("-")} ${timeOfDay(ms)}`;
}

/** `14:03:12` on this machine's clock. */
export function timeOfDay(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}
