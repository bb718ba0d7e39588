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

function inZone(start: string, timezone: string): Partial<LocalTime> {
  const instant = Date.parse(start.replace(",", "."));
  if (Number.isNaN(instant)) return {};
  const written = isUtc.test(timezone) ? new Date(instant).toISOString() : formatter(timezone).format(instant);
  const [year = "", month = "", day = "", hour, minute, second] = written.split(/\D+/);
  return parts(year, month, day, hour, minute, second);
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
