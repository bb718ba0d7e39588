import { Temporal as Polyfill } from "temporal-polyfill";
import { localText } from "../core/local-time.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Selection } from "../core/model/ports.ts";
import { isInstant } from "../core/selection.ts";
import { parseDuration, printable } from "../core/text.ts";
import type { Settings } from "./config.ts";

const Temporal: typeof Polyfill = (globalThis as { Temporal?: typeof Polyfill }).Temporal ?? Polyfill;

/**
 * The instant, in milliseconds, that a person means by `2024-05-01`, `2024-05-01T09:00Z`, `yesterday`, `today-2w` or
 * `7d` (ago). Days begin at midnight in `timezone`; a local time that the zone skips is refused.
 */
export function parseWhen(text: string, nowMs: number, timezone: string, flag: string): number {
  const ms = parseAny(text.trim(), nowMs, timezone, flag);
  if (ms >= earliestMs && ms < latestMs) return ms;
  throw new RecordingError("usage", `${flag}: "${shown(text)}" is outside the years 1 to 9999.`);
}

const earliestMs = Date.parse("0001-01-03T00:00:00Z");
const latestMs = Date.parse("9999-12-30T00:00:00Z");

function shown(text: string): string {
  return printable(text.trim()).slice(0, 40);
}

function parseAny(given: string, nowMs: number, timezone: string, flag: string): number {
  const relative = /^(now|today|yesterday)?\s*(?:-\s*)?(\d+(?:\.\d+)?[a-z]+(?:\d+[a-z]+)*)?$/i.exec(given);
  if (relative !== null && given !== "") return parseRelative(relative, nowMs, timezone, flag);
  try {
    if (isInstant(given) && given.includes("T")) return Temporal.Instant.from(given).epochMilliseconds;
    const local = Temporal.PlainDateTime.from(given.replace(" ", "T"));
    return local.toZonedDateTime(timezone, { disambiguation: flag === "--to" ? "later" : "earlier" }).epochMilliseconds;
  } catch (error) {
    throw new RecordingError(
      "usage",
      `${flag}: "${shown(given)}" is not a date; use 2024-05-01, 2024-05-01T09:00Z, yesterday, 7d or today-2w.`,
      {
        cause: error,
      },
    );
  }
}

function parseRelative([, anchor, ago]: RegExpExecArray, nowMs: number, timezone: string, flag: string): number {
  const now = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timezone);
  const day = now.startOfDay();
  const word = anchor?.toLowerCase();
  const from = word === "today" ? day : word === "yesterday" ? day.subtract({ days: 1 }) : now;
  if (ago === undefined) return from.epochMilliseconds;
  const calendar = /^(\d+)(d|w|mo|y)$/i.exec(ago);
  if (calendar === null) return from.epochMilliseconds - parseDuration(ago, flag);
  const count = Number(calendar[1]);
  const unit = ({ d: "days", w: "weeks", mo: "months", y: "years" } as const)[
    (calendar[2] ?? "d").toLowerCase() as "d"
  ];
  try {
    return from.subtract({ [unit]: count }).epochMilliseconds;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return Number.NEGATIVE_INFINITY;
  }
}

/** The zone that the settings name, else the system's. Throws `usage` where that has no name. */
export function zoneOf({ timezone }: Pick<Settings, "timezone">): string {
  return timezone ?? systemZoneName();
}

/**
 * By the name that Intl has for it. Where TZ is empty or written as POSIX has it, Intl has none, or one with the sign turned
 * round: `GMT+5` and `JST-9` never change their clocks, so that the offset `Date` goes by tells all of such a zone.
 */
function systemZoneName(): string {
  const name: string | undefined = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (name !== undefined && !/^(?:Etc\/Unknown$|(?:GMT|UTC)?[+-])/.test(name)) return name;
  const behind = new Date().getTimezoneOffset() / 60;
  if (behind === 0) return "UTC";
  if (Number.isInteger(behind) && behind >= -14 && behind <= 12) return `Etc/GMT${behind > 0 ? "+" : ""}${behind}`;
  throw new RecordingError(
    "usage",
    "TZ names no time zone: set it to a name such as Europe/London, or give --timezone.",
  );
}

/** From which instant, and before which, calls are asked for; both also as local text, to compare with times without a zone. */
export type TimeWindow = Pick<Selection, "fromMs" | "fromLocal" | "toMs" | "toLocal">;

/** The window of `--from` and `--to`, or the month of `--month`, by the settings' zone; open where nothing was given. */
export function windowOf(settings: Pick<Settings, "from" | "to" | "month" | "timezone">, nowMs: number): TimeWindow {
  const { from, to, month } = settings;
  const timezone = zoneOf(settings);
  if (month !== undefined) return monthOf(month, timezone);
  const fromMs = from === undefined ? undefined : parseWhen(from, nowMs, timezone, "--from");
  const toMs = to === undefined ? undefined : parseWhen(to, nowMs, timezone, "--to");
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) {
    throw new RecordingError("usage", "--from is not before --to, so nothing would be selected.");
  }
  return {
    ...(fromMs === undefined ? {} : { fromMs, fromLocal: localText(fromMs, timezone) }),
    ...(toMs === undefined ? {} : { toMs, toLocal: localText(toMs, timezone) }),
  };
}

/** A month as clocks on the wall count it, however long summer time makes it. */
function monthOf(month: string, timezone: string): Required<TimeWindow> {
  const first = Temporal.PlainDate.from(`${month}-01`);
  const [from, to] = [first, first.add({ months: 1 })];
  const startMs = (date: typeof first) => date.toZonedDateTime(timezone).epochMilliseconds;
  const local = (date: typeof first) => `${date}T00:00:00`;
  return { fromMs: startMs(from), fromLocal: local(from), toMs: startMs(to), toLocal: local(to) };
}

/** A span of the calendar, as `7y`, `18mo`, `1y6mo`, `6w` or `90d`, checked. Throws `usage`. */
export function period(given: string): string {
  const text = given.trim().toLowerCase();
  if (/^(?=.)(?:\d{1,3}y)?(?:\d{1,4}mo)?(?:\d{1,4}w)?(?:\d{1,5}d)?$/.test(text) && /[1-9]/.test(text)) return text;
  throw new RecordingError("usage", `"${shown(given)}" is not a period; use 7y, 18mo, 6w or 90d.`);
}

/**
 * When a period after a call's start has passed, in `timezone`. What has no such day in its month (a year after a 29
 * February, a month after a 31 January) ends a day later, never earlier.
 */
export function periodEnd(start: number, span: string, timezone: string): number {
  const part = (unit: string) => Number(new RegExp(`(\\d+)${unit}(?!o)`).exec(span)?.[1] ?? 0);
  const begun = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(timezone);
  const months = begun.add({ years: part("y"), months: Number(/(\d+)mo/.exec(span)?.[1] ?? 0) });
  const late = months.day === begun.day ? 0 : 1;
  return months.add({ weeks: part("w"), days: part("d") + late }).epochMilliseconds;
}
