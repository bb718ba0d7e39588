import type { Selection } from "./ports.ts";
import type { Call } from "./recording.ts";

/**
 * Why a call is outside the selection, or undefined when it is inside. A field the call does not have cannot exclude
 * it, except where the selection asks for a value of it. Naive times are compared as the text they are.
 */
export function excluded(call: Call, selection: Selection, nowMs: number): Exclusion | undefined {
  if (!inWindow(call.start, selection)) return "filtered";
  if (selection.direction !== undefined && call.direction !== selection.direction) return "filtered";
  if (selection.extension !== undefined && call.extension !== selection.extension) return "filtered";
  if (selection.number !== undefined && !hasNumber(call, selection.number)) return "filtered";
  if (selection.minDurationSeconds !== undefined && (call.duration ?? 0) < selection.minDurationSeconds) {
    return "filtered";
  }
  if (!hasType(call, selection.recordingType)) return "filtered";
  if (tooYoung(call.start, selection, nowMs)) return "too-young";
  return expired(call.start, selection);
}

export type Exclusion = "filtered" | "too-young" | "past-retention" | "past-usual-retention";

/** A call of unknown start has not expired. */
function expired(start: string | undefined, { expired: past }: Selection): Exclusion | undefined {
  if (past === undefined || start === undefined || !(Date.parse(start) < past.beforeMs)) return undefined;
  return past.assumed ? "past-usual-retention" : "past-retention";
}

/** Whether the selection chooses calls by when they began. */
export function asksForStarts({ fromMs, toMs, minAgeMs }: Selection): boolean {
  return fromMs !== undefined || toMs !== undefined || minAgeMs !== undefined;
}

/** Whether a call's start is an instant (has a zone) and not a naive local time. */
export function isInstant(start: string): boolean {
  return /(?:Z|[+-]\d\d:?\d\d)$/i.test(start);
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

function hasNumber(call: Call, wanted: string): boolean {
  const digits = wanted.replace(/\D/g, "");
  const same = (number = "") => number.replace(/\D/g, "").endsWith(digits);
  return digits !== "" && (same(call.from) || same(call.to));
}

function hasType(call: Call, wanted: Selection["recordingType"]): boolean {
  if (wanted === undefined || wanted === "all" || call.type === undefined) return true;
  return call.type.toLowerCase() === wanted;
}
