import { isInstant } from "./selection.ts";

/** The zone that this machine's clock is set to, which `Date` knows without Intl's data: those take 12 ms to load. */
export const systemZone = Symbol("the system's zone");

/** A time zone: its IANA name, or the system's. */
export type Zone = string | typeof systemZone;

/** The parts of a moment as file names write them. */
export interface LocalTime {
  readonly date: string;
  readonly time: string;
  readonly year: string;
  readonly month: string;
  readonly day: string;
}

/**
 * A call's start taken apart as it is written; an instant (`Z` or an offset) is first written in `timezone` when one is
 * given. Empty when it is no ISO 8601 time.
 */
export function localTime(start: string | undefined, timezone: Zone | undefined): Partial<LocalTime> {
  const match = pattern.exec(start ?? "");
  if (match === null) return {};
  const [, year, month, day, hour, minute, second, zone] = match;
  if (zone !== undefined && timezone !== undefined) return inZone(start as string, timezone);
  return parts(year as string, month as string, day as string, hour, minute, second);
}

const pattern = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s?(Z|[+-]\d\d:?\d\d)?)?$/i;

/**
 * An instant as people read it, `2026-03-05 14:03:22 +01:00`: in `timezone`, else in the system's. Everything that people
 * read writes its times with this; what programs read stays ISO 8601 in UTC.
 */
export function momentText(ms: number, timezone: Zone = systemZone): string {
  if (!(Math.abs(ms) <= farthestMs)) return "unknown time";
  const local = written(ms, timezone);
  const ahead = Math.round((parsedAsUtc(local) - ms) / 60_000);
  const offset = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60].map((part) => String(part).padStart(2, "0"));
  return `${local} ${ahead < 0 ? "-" : "+"}${offset.join(":")}`;
}

/** Where four digits make a year in every zone. */
const farthestMs = Date.parse("9999-12-30T00:00:00Z");

/** A time that was written down, as people read it: an instant with its offset, one without a zone as it stands, none as `unknown`. */
export function timeText(start: string | undefined, timezone: Zone | undefined): string {
  if (start === undefined || start === "") return "unknown";
  const match = pattern.exec(start);
  if (match === null) return start;
  const ms = match[7] === undefined ? Number.NaN : Date.parse(start.replace(",", "."));
  return Number.isNaN(ms) ? start.slice(0, 19).replace("T", " ") : momentText(ms, timezone);
}

/** An instant as naive local text, `2024-05-01T09:03:07`, to compare with times that have no zone. */
export function localText(ms: number, timezone: Zone): string {
  return written(ms, timezone).replace(" ", "T");
}

/**
 * A call's start as an instant: as it is, or as local time in `timezone`, where a time that clocks skip is counted on from
 * before, and one that they show twice is the first. Undefined when it is no time.
 */
export function startMs(start: string | undefined, timezone: Zone): number | undefined {
  if (start === undefined) return undefined;
  const ms = isInstant(start) ? Date.parse(start) : naiveMs(start, timezone);
  return Number.isNaN(ms) ? undefined : ms;
}

const naive = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?$/i;

function naiveMs(start: string, timezone: Zone): number {
  const [, date, minutes = "00:00", seconds = "00", fraction = "0"] = naive.exec(start) ?? [];
  const text = `${date}T${minutes}:${seconds}`;
  const utc = Date.parse(`${text}.${fraction}Z`);
  // `Date` takes a 30 February for a day in March.
  if (Number.isNaN(utc) || new Date(utc).toISOString().slice(0, 19) !== text) return Number.NaN;
  if (timezone === systemZone) return Date.parse(`${text}.${fraction}`);
  const [before, after] = [offsetAt(utc - dayMs, timezone), offsetAt(utc + dayMs, timezone)];
  const fits = [utc - before, utc - after].filter((ms) => offsetAt(ms, timezone) === utc - ms);
  return Math.min(...fits, fits.length === 0 ? utc - before : Infinity);
}

/** As Temporal has it, no zone changes its clocks twice within two of them. */
const dayMs = 86_400_000;

/** How far a zone's clocks are ahead of UTC, in whole seconds. */
function offsetAt(ms: number, timezone: string): number {
  return parsedAsUtc(written(ms, timezone)) - Math.floor(ms / 1000) * 1000;
}

function parsedAsUtc(local: string): number {
  return Date.parse(`${local.replace(" ", "T")}Z`);
}

function inZone(start: string, timezone: Zone): Partial<LocalTime> {
  const instant = Date.parse(start.replace(",", "."));
  if (Number.isNaN(instant)) return {};
  const [year = "", month = "", day = "", hour, minute, second] = written(instant, timezone).split(/\D+/);
  return parts(year, month, day, hour, minute, second);
}

/** `2026-03-05 14:03:22` in the zone. */
function written(ms: number, timezone: Zone): string {
  if (timezone === systemZone) return writtenHere(new Date(ms));
  if (isUtc.test(timezone)) return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
  // Swedish writes no zeros before a year.
  return formatter(timezone).format(ms).padStart(19, "0");
}

function writtenHere(date: Date): string {
  const days = [date.getMonth() + 1, date.getDate()];
  const times = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const two = (part: number) => String(part).padStart(2, "0");
  const year = String(date.getFullYear()).padStart(4, "0");
  return `${[year, ...days.map(two)].join("-")} ${times.map(two).join(":")}`;
}

function parts(year: string, month: string, day: string, hour = "", minute = "", second = "00"): Partial<LocalTime> {
  const date = { date: `${year}-${month}-${day}`, year, month, day };
  return hour === "" ? date : { ...date, time: `${hour}-${minute}-${second}` };
}

/** What most servers run in: written without Intl, whose data takes longer to load than a thousand names to make. */
const isUtc = /^(?:Etc\/)?UTC$/;
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Swedish writes year, month, day, hour, minute, second in this order. Making a formatter costs more than formatting a thousand times. */
function formatter(timezone: string): Intl.DateTimeFormat {
  const known = formatters.get(timezone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("sv-SE", {
    timeZone: timezone,
    hourCycle: "h23",
    ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  });
  formatters.set(timezone, made);
  return made;
}
