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
export function localTime(start: string | undefined, timezone: string | undefined): Partial<LocalTime> {
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
export function momentText(ms: number, timezone: string | undefined): string {
  if (!(Math.abs(ms) <= farthestMs)) return "unknown time";
  const local = written(ms, timezone);
  const ahead = Math.round((Date.parse(`${local.replace(" ", "T")}Z`) - ms) / 60_000);
  const offset = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60].map((part) => String(part).padStart(2, "0"));
  return `${local} ${ahead < 0 ? "-" : "+"}${offset.join(":")}`;
}

/** Where four digits make a year in every zone. */
const farthestMs = Date.parse("9999-12-30T00:00:00Z");

/** A time that was written down, as people read it: an instant with its offset, one without a zone as it stands, none as `unknown`. */
export function timeText(start: string | undefined, timezone: string | undefined): string {
  if (start === undefined || start === "") return "unknown";
  const match = pattern.exec(start);
  if (match === null) return start;
  const ms = match[7] === undefined ? Number.NaN : Date.parse(start.replace(",", "."));
  return Number.isNaN(ms) ? start.slice(0, 19).replace("T", " ") : momentText(ms, timezone);
}

function inZone(start: string, timezone: string): Partial<LocalTime> {
  const instant = Date.parse(start.replace(",", "."));
  if (Number.isNaN(instant)) return {};
  const [year = "", month = "", day = "", hour, minute, second] = written(instant, timezone).split(/\D+/);
  return parts(year, month, day, hour, minute, second);
}

/** `2026-03-05 14:03:22` in the zone. */
function written(ms: number, timezone: string | undefined): string {
  if (timezone === undefined || !isUtc.test(timezone)) return formatter(timezone).format(ms);
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

function parts(year: string, month: string, day: string, hour = "", minute = "", second = "00"): Partial<LocalTime> {
  const date = { date: `${year}-${month}-${day}`, year, month, day };
  return hour === "" ? date : { ...date, time: `${hour}-${minute}-${second}` };
}

/** What most servers run in: written without Intl, whose data takes longer to load than a thousand names to make. */
const isUtc = /^(?:Etc\/)?UTC$/;
const formatters = new Map<string | undefined, Intl.DateTimeFormat>();

/** Swedish writes year, month, day, hour, minute, second in this order. Making a formatter costs more than formatting a thousand times. */
function formatter(timezone: string | undefined): Intl.DateTimeFormat {
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
