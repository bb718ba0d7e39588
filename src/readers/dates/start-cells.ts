import { columnsOf } from "../../core/columns.ts";
import { isNullWord } from "../../core/null-words.ts";

const wholeNames = [
  "start",
  "starttime",
  "startedat",
  "startdatetime",
  "starttimestamp",
  "callstart",
  "callstarttime",
  "callstartedat",
  "calldatetime",
  "calltimestamp",
  "begin",
  "begintime",
  "beginat",
  "beganat",
  "datetime",
  "timestamp",
] as const;
const dateNames = ["startdate", "calldate", "date", "day", "callday"] as const;
const timeNames = ["starttime", "calltime", "time", "start"] as const;
const clock = /\d{1,2}[:.]\d\d(?:[:.]\d\d(?:[.,]\d+)?)?(?:[\s\u00a0\u202f]*[ap]\.?[\s\u00a0]?m\.?)?$/i;
const clockOnly = new RegExp(`^${clock.source}`, "i");

/**
 * What a row says of when its call began, as text: from one column, or from one for the date and one for the time.
 * Undefined where it has no such column, or nothing in it.
 */
export function startText(fields: Readonly<Record<string, unknown>>): string | undefined {
  const { value } = columnsOf(fields);
  const whole = textOf(value(...wholeNames));
  if (whole !== undefined && !clockOnly.test(whole)) return whole;
  const date = textOf(value(...dateNames));
  const time = whole ?? textOf(value(...timeNames));
  if (date === undefined) return whole;
  const ofDay = time === undefined ? undefined : clock.exec(time)?.[0];
  if (ofDay === undefined) return time === undefined ? date : undefined;
  // A date column of a spreadsheet or database has midnight as its time, a time column some day long ago.
  return `${date.replace(/[T\s]+(?:0?0|12)[:.]00(?:[:.]00(?:[.,]0+)?)?(?:[\s\u00a0\u202f]*am)?Z?$/i, "")} ${ofDay}`;
}

/** PowerShell writes dates in JSON as objects too: `{"value":"\/Date(…)\/","DateTime":"…"}`. */
function textOf(cell: unknown): string | undefined {
  if (typeof cell === "number" || typeof cell === "bigint") return String(cell);
  if (typeof cell === "object" && cell !== null) return textOf((cell as { value?: unknown }).value);
  const text = typeof cell === "string" ? cell.trim() : "";
  return isNullWord(text) ? undefined : text;
}
