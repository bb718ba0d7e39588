import type { Columns } from "../../core/columns.ts";
import type { Call, Direction } from "../../core/recording.ts";

/**
 * What the other known columns tell of the call. Times are kept as the site's own, only written as ISO 8601; a value that
 * does not say for certain what it means is left out. `start` is what the reader made of the columns for it.
 */
export function callOf({ value }: Pick<Columns, "value">, known: string | undefined): Call {
  const start = known ?? isoStart(textOf(value("start", "starttime", "startedat")));
  const duration = seconds(textOf(value("duration", "durationseconds", "callduration")));
  const direction = directionOf(textOf(value("direction", "calldirection")));
  const extension = textOf(value("extension", "extensionnumber", "ext"));
  const name = textOf(value("name", "username", "agent", "agentname"));
  const number = textOf(value("number", "phonenumber", "callernumber"));
  // The outside party's number and the inside one's extension.
  const [from, to] = direction === "inbound" ? [number, extension] : [direction && extension, number];
  // Assigned one by one: spreading absent fields costs more than all the rest of reading a row.
  const call: { -readonly [Field in keyof Call]: Call[Field] } = {};
  if (start !== undefined) call.start = start;
  if (duration !== undefined) call.duration = duration;
  if (direction !== undefined) call.direction = direction;
  if (from !== undefined) call.from = from;
  if (to !== undefined) call.to = to;
  if (extension !== undefined) call.extension = extension;
  if (name !== undefined) call.name = name;
  return call;
}

/** A column's value as text without blanks around it; undefined for null, empty and anything that is no plain value. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  return text === "" ? undefined : text;
}

const timestamp =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: *(Z|[+-]\d\d:?\d\d))?)?$/i;

/** `2024-05-01 09:03:07.1230000` as `2024-05-01T09:03:07.123`; other orders of day and month are ambiguous. */
function isoStart(text: string | undefined): string | undefined {
  const match = text === undefined ? null : timestamp.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction, zone] = match;
  if (!isDate(Number(year), Number(month), Number(day))) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const part = fraction === undefined || /^0+$/.test(fraction) ? "" : `.${fraction.slice(0, 3).padEnd(3, "0")}`;
  return `${year}-${month}-${day}T${hour.padStart(2, "0")}:${minute}:${second}${part}${offset(zone)}`;
}

function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  return day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function offset(zone: string | undefined): string {
  if (zone === undefined) return "";
  return /z/i.test(zone) ? "Z" : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
}

/** `125`, `125.0`, `2:05` or `00:02:05.0000000`. */
function seconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Number(text);
  const match = /^(?:(\d{1,4}):)?(\d{1,4}):([0-5]\d)(?:\.\d+)?$/.exec(text);
  if (match === null) return undefined;
  const [, hours = "0", minutes, rest] = match;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

const directions: Readonly<Record<string, Direction>> = {
  inbound: "inbound",
  incoming: "inbound",
  in: "inbound",
  i: "inbound",
  outbound: "outbound",
  outgoing: "outbound",
  out: "outbound",
  o: "outbound",
  internal: "internal",
  int: "internal",
};

function directionOf(text: string | undefined): Direction | undefined {
  const word = text?.toLowerCase() ?? "";
  return Object.hasOwn(directions, word) ? directions[word] : undefined;
}
