import type { Call } from "../model/recording.ts";
import { isInstant } from "../selection.ts";

/** The fields by which a call is told from others. */
export type CallMarks = Pick<Call, "start" | "duration" | "from" | "to" | "direction" | "session">;

/** What tells a call from others, in numbers alone, so that millions can be remembered. Unknown is absent. */
export interface CallTraits {
  /** Seconds since 1970; a local time counts as if it were UTC. */
  readonly begins?: number;
  readonly ends?: number;
  /** Whether those are local times of an unknown zone. */
  readonly isLocal?: boolean;
  /** The last seven digits of each party's number; of numbers that have as many. */
  readonly from?: number;
  readonly to?: number;
  readonly seconds?: number;
  readonly direction?: "inbound" | "outbound";
  /** A hash of what the legs of one call share. */
  readonly session?: number;
}

/** A call's legs follow one another: each begins at most this long after the ones known so far have ended. */
const longestGapSeconds = 60;
/** A call that does not say how long it was may have been this long. */
const unknownSeconds = 3600;
/** A midnight without a zone may be a date without a time. */
const isDay = /^\d{4}-\d\d-\d\d(?:[T ]00:00(?::00)?(?:\.0+)?)?$/;
const daySeconds = 24 * 3600;
/** No zone is further from UTC. */
const zoneSeconds = 14 * 3600;
/** Durations are rounded, and some count the ringing. */
const durationGapSeconds = 60;

export function traitsOf({ start, duration, from, to, direction, session }: CallMarks): CallTraits {
  // Assigned one by one: this is asked of each row, and spreading absent fields costs more than all the rest.
  const traits: { -readonly [Field in keyof CallTraits]: CallTraits[Field] } = {};
  const begins = secondsOf(start);
  if (start !== undefined && begins !== undefined) {
    const lasts = !start.endsWith("Z") && isDay.test(start) ? daySeconds : Math.ceil(duration ?? unknownSeconds);
    traits.begins = begins;
    traits.ends = Math.min(begins + lasts, 2 ** 32 - 1);
    traits.isLocal = !isInstant(start);
  }
  const [caller, called] = [numberOf(from), numberOf(to)];
  if (caller !== undefined) traits.from = caller;
  if (called !== undefined) traits.to = called;
  if (duration !== undefined) traits.seconds = duration;
  if (direction !== undefined && direction !== "internal") traits.direction = direction;
  if (session !== undefined) traits.session = hashOf(session);
  return traits;
}

/**
 * How a call differs from one known before so that they cannot be the same, in words for a person; undefined when nothing
 * speaks against it. Lengths and directions count only where neither starts nor numbers tell; `grows` says that what
 * is known may be of a time when the call still went on.
 */
export function differenceOf(before: CallTraits, call: CallTraits, { grows = false } = {}): string | undefined {
  if (before.session !== undefined && before.session === call.session) return undefined;
  if (beginElsewhere(before, call)) return `this one began ${textOf(call.begins)}, that one ${textOf(before.begins)}`;
  if (haveOtherNumbers(before, call)) return "they have no number in common";
  const told = before.begins !== undefined && call.begins !== undefined;
  if (told || shareNumber(before, call)) return undefined;
  const lengths = [before.seconds, call.seconds] as const;
  if (lastOtherwise(...lengths, grows)) return `this one lasted ${lengths[1]} s, that one ${lengths[0]} s`;
  const ways = [before.direction, call.direction] as const;
  const isOtherWay = ways[0] !== undefined && ways[1] !== undefined && ways[0] !== ways[1];
  return isOtherWay ? `this one is ${ways[1]}, that one ${ways[0]}` : undefined;
}

/**
 * Whether both plainly tell of one call: what they say of both parties and of its beginning, which can be read (`begins`), is
 * the same. `differenceOf` finds nothing between such two, and need not be asked.
 */
export function areAlike(before: CallMarks, { start, from, to }: CallMarks, { begins }: CallTraits): boolean {
  return begins !== undefined && start === before.start && from === before.from && to === before.to;
}

/** What is known of a call once another of its rows was seen. */
export function bothTraits(before: CallTraits, call: CallTraits): CallTraits {
  const begins = [before.begins, call.begins].filter((each) => each !== undefined);
  const ends = [before.ends, call.ends].filter((each) => each !== undefined);
  const span = begins.length === 0 ? {} : { begins: Math.min(...begins), ends: Math.max(...ends) };
  return { ...call, ...before, ...span };
}

function beginElsewhere(before: CallTraits, call: CallTraits): boolean {
  if (before.begins === undefined || call.begins === undefined) return false;
  const slack = longestGapSeconds + (before.isLocal === call.isLocal ? 0 : zoneSeconds);
  return call.begins > (before.ends ?? 0) + slack || (call.ends ?? 0) + slack < before.begins;
}

/** Whether the same side of both has a number, and no number is in both. */
function haveOtherNumbers(before: CallTraits, call: CallTraits): boolean {
  const comparable = (["from", "to"] as const).some((side) => before[side] !== undefined && call[side] !== undefined);
  return comparable && !shareNumber(before, call);
}

function shareNumber(before: CallTraits, call: CallTraits): boolean {
  const numbers = [before.from, before.to].filter((each) => each !== undefined);
  return numbers.some((each) => each === call.from || each === call.to);
}

function lastOtherwise(before: number | undefined, now: number | undefined, grows: boolean): boolean {
  if (before === undefined || now === undefined || (grows && now > before)) return false;
  return Math.abs(now - before) > Math.max(durationGapSeconds, Math.max(now, before) / 2);
}

function secondsOf(start: string | undefined): number | undefined {
  if (start === undefined) return undefined;
  const isNaive = !start.endsWith("Z") && /\d[T ][\d:.]+$/.test(start);
  const seconds = Math.floor(Date.parse(isNaive ? `${start.replace(" ", "T")}Z` : start) / 1000);
  return seconds > 0 && seconds < 2 ** 32 ? seconds : undefined;
}

/** Prefixes differ between systems (+44, 0044, 0), the last seven digits do not. What is masked or no plain number is unknown. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text.length < 7) return undefined;
  const plain = /^\+?\d{7,}$/.test(text) ? text : plainOf(text);
  return plain.length < 7 ? undefined : Number(plain.slice(-7));
}

function plainOf(text: string): string {
  const number = text
    .trim()
    .replace(/^tel:/i, "")
    .replace(/\.0+$/, "")
    .replace(/\s*(?:x|ext\.?|;|#).*$/i, "");
  return /^[+()\d\s./-]+$/.test(number) ? number.replace(/\D/g, "") : "";
}

function textOf(seconds = 0): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
}

/** FNV-1a, 24 bits of it, never 0. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 8 || 1;
}
