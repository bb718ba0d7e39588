import type { SkipReason } from "./model/events.ts";
import type { Selection } from "./model/ports.ts";
import type { Call } from "./model/recording.ts";

/**
 * Why a call is outside the selection, or undefined when it is inside. A length or type that the call does not tell
 * cannot exclude it; a direction, extension or number that it does not tell makes it uncertain. Naive times are compared as the text they are.
 */
export function excluded(call: Call, selection: Selection, nowMs: number): Exclusion | undefined {
  if (!inWindow(call.start, selection)) return "filtered";
  const fits = [hasDirection, hasExtension, hasNumber, hasDuration, hasType].map((asks) => asks(call, selection));
  if (fits.includes(false)) return "filtered";
  if (fits.includes("unknown")) return "unknown-field";
  if (tooYoung(call.start, selection, nowMs)) return "too-young";
  return expired(call.start, selection);
}

export type Exclusion = "filtered" | "unknown-field" | "too-young" | "past-retention" | "past-usual-retention";

/** Whether a call was left out because nobody can tell whether it is selected: to be told, and no success. */
export function isUncertain(reason: SkipReason): boolean {
  return reason === "unknown-start" || reason === "unknown-field";
}

type Fit = boolean | "unknown";

function hasDirection({ direction }: Call, { direction: wanted }: Selection): Fit {
  if (wanted === undefined) return true;
  return direction === undefined ? "unknown" : direction === wanted;
}

function hasExtension({ extension }: Call, { extension: wanted }: Selection): Fit {
  if (wanted === undefined) return true;
  return extension === undefined ? "unknown" : extension === wanted;
}

/** A call that does not tell its length may be long enough, and is taken. */
function hasDuration({ duration }: Call, { minDurationSeconds: least }: Selection): Fit {
  return least === undefined || duration === undefined || duration >= least;
}

/** A call of unknown start has not expired. */
function expired(start: string | undefined, { expired: past }: Selection): Exclusion | undefined {
  if (past === undefined || start === undefined || !(Date.parse(start) < past.beforeMs)) return undefined;
  return past.assumed ? "past-usual-retention" : "past-retention";
}

/** Whether the selection chooses calls by when they began. */
export function asksForStarts({ fromMs, toMs, minAgeMs }: Selection): boolean {
  return fromMs !== undefined || toMs !== undefined || minAgeMs !== undefined;
}

/** Whether time alone chooses: every other filter leaves calls out of the window. */
export function isWholeSelection(selection: Selection): boolean {
  const { direction, extension, number, minDurationSeconds, recordingType = "all" } = selection;
  const filters = [direction, extension, number, minDurationSeconds];
  return recordingType === "all" && filters.every((filter) => filter === undefined);
}

/** Whether a call's start is an instant (has a zone) and not a naive local time. */
export function isInstant(start: string): boolean {
  return /(?:Z|[+-]\d\d:?\d\d)$/i.test(start);
}

/**
 * Whether a recorded call can have begun then. Tools write 0001-01-01, 1900-01-01 or 1970-01-01 for "unknown", and a
 * number that was taken for another kind of time gives years like 2611.
 */
export function canBeStart(start: string): boolean {
  return start >= "1990" && start < "2100";
}

/** Whether a call began in the window: an instant by the clock, a naive time by its text. An unknown start is in none. */
export function inWindow(
  start: string | undefined,
  selection: Pick<Selection, "fromMs" | "toMs" | "fromLocal" | "toLocal">,
): boolean {
  const { fromMs, toMs, fromLocal, toLocal } = selection;
  if (fromMs === undefined && toMs === undefined) return true;
  if (start === undefined) return false;
  if (isInstant(start)) {
    const at = Date.parse(start);
    return !(at < (fromMs ?? -Infinity)) && !(at >= (toMs ?? Infinity));
  }
  const at = start.replace(" ", "T");
  return !(fromLocal !== undefined && at < fromLocal) && !(toLocal !== undefined && at >= toLocal);
}

function tooYoung(start: string | undefined, selection: Selection, nowMs: number): boolean {
  const { minAgeMs, youngLocal } = selection;
  if (minAgeMs === undefined || start === undefined) return false;
  if (isInstant(start)) return Date.parse(start) > nowMs - minAgeMs;
  return youngLocal !== undefined && start.replace(" ", "T") > youngLocal;
}

/** Unknown where the number is that tells: the other party's, or either one's where the call does not tell its direction. */
function hasNumber({ from, to, direction }: Call, { number: wanted }: Selection): Fit {
  if (wanted === undefined) return true;
  const digits = wanted.replace(/\D/g, "");
  const same = (number = "") => number.replace(/\D/g, "").endsWith(digits);
  if (digits !== "" && (same(from) || same(to))) return true;
  const telling = { inbound: from, outbound: to, internal: from ?? to }[direction ?? "internal"];
  return telling === undefined && digits !== "" ? "unknown" : false;
}

function hasType({ type }: Call, { recordingType: wanted }: Selection): Fit {
  return wanted === undefined || wanted === "all" || type === undefined || type.toLowerCase() === wanted;
}

/** How starts in rows may be written: `auto` lets each file decide. */
export const rowDates = ["auto", "iso", "dmy", "mdy", "ymd", "epoch"] as const;

export type RowDates = (typeof rowDates)[number];
