import { Temporal } from "temporal-polyfill";

/** Days as dates, `2026-10-05`; `end` is the first day after them. */
export interface DaySpan {
  readonly start: string;
  readonly end: string;
}

/** What a date is read by: the reader's day today, and a language (BCP 47) that says whether 5/10 is in May or October. */
export interface DateReader {
  readonly today: string;
  readonly locale: string;
}

/**
 * The days that a text names as people write them: `5 Oct 2026`, `October 5, 2026`, `5.10.2026`, `5/10/2026`, `2026-10-05`,
 * `October 2026`, `2026-10`, `yesterday`, `last week`; a day without a year is the newest one that is not to come.
 * Undefined when it is no date.
 */
export function daysOf(text: string, reader: DateReader): DaySpan | undefined {
  const plain = text.trim().toLowerCase().replace(/\s+/g, " ");
  return relative(plain, reader.today) ?? numeric(plain, reader.locale) ?? named(plain, reader);
}

/** The days that a search names somewhere between other words, and those words; the longest date counts. */
export function cutDays(words: readonly string[], reader: DateReader): { days?: DaySpan; rest: readonly string[] } {
  for (let length = Math.min(5, words.length); length > 0; length -= 1) {
    for (let at = 0; at + length <= words.length; at += 1) {
      const piece = words.slice(at, at + length).join(" ");
      // A month or a weekday alone may be somebody's name, a year alone a part of a number.
      const days = isSurelyDate(piece) ? daysOf(piece, reader) : undefined;
      if (days !== undefined) return { days, rest: [...words.slice(0, at), ...words.slice(at + length)] };
    }
  }
  return { rest: words };
}

function isSurelyDate(text: string): boolean {
  const isAlone = /^[^\d\s]+$/.test(text) && !/^(today|yesterday)$/i.test(text);
  return !isAlone && !/^(\d+|\d{1,2}[-/]\d{1,2})$/.test(text);
}

function relative(text: string, todayText: string): DaySpan | undefined {
  const today = Temporal.PlainDate.from(todayText);
  const monday = today.subtract({ days: today.dayOfWeek - 1 });
  const first = today.with({ day: 1 });
  switch (text) {
    case "today":
      return span(today, { days: 1 });
    case "yesterday":
      return span(today.subtract({ days: 1 }), { days: 1 });
    case "this week":
      return span(monday, { weeks: 1 });
    case "last week":
      return span(monday.subtract({ weeks: 1 }), { weeks: 1 });
    case "this month":
      return span(first, { months: 1 });
    case "last month":
      return span(first.subtract({ months: 1 }), { months: 1 });
    default:
      return weekday(text, today);
  }
}

const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/** `monday` is the last one, `last monday` too: today's is not meant. */
function weekday(text: string, today: Temporal.PlainDate): DaySpan | undefined {
  const word = text.replace(/^last /, "");
  const at = weekdays.findIndex((each) => each === word || each.slice(0, 3) === word);
  if (at === -1) return undefined;
  const back = (today.dayOfWeek - (at + 1) + 7) % 7 || 7;
  return span(today.subtract({ days: back }), { days: 1 });
}

function numeric(text: string, locale: string): DaySpan | undefined {
  const iso = /^(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?$/.exec(text) ?? /^(\d{4})()(\d\d)(\d\d)$/.exec(text);
  if (iso !== null) return iso[4] === undefined ? month(iso[1], iso[3]) : day(iso[1], iso[3], iso[4]);
  if (/^(19|20)\d\d$/.test(text)) return span(Temporal.PlainDate.from(`${text}-01-01`), { years: 1 });
  const ofMonth = /^(\d{1,2})[-/.](\d{4})$/.exec(text);
  if (ofMonth !== null) return month(ofMonth[2], ofMonth[1]);
  const found = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)$/.exec(text);
  if (found === null) return undefined;
  const [, first, mark, second, yearText = ""] = found;
  const year = yearText.length === 2 ? `20${yearText}` : yearText;
  const [dayFirst, monthFirst] = [day(year, second, first), day(year, first, second)];
  return mark !== "." && isMonthFirst(locale) ? (monthFirst ?? dayFirst) : (dayFirst ?? monthFirst);
}

/** Whether people of a language write 10/5/2026 for the fifth of October. */
function isMonthFirst(locale: string): boolean {
  const parts = new Intl.DateTimeFormat(known(locale)).formatToParts(0).map(({ type }) => type);
  return parts.indexOf("month") < parts.indexOf("day") && parts.indexOf("day") < parts.indexOf("year");
}

function named(text: string, { today, locale }: DateReader): DaySpan | undefined {
  const words = text
    .replace(/^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,? /, "")
    .replace(/\bof /g, "")
    .split(/[\s,.\-/]+/)
    .filter((word) => word !== "");
  const months = words.flatMap((word) => monthOf(word, locale) ?? []);
  const numbers = words.flatMap((word) => /^(\d{1,4})(?:st|nd|rd|th)?$/.exec(word)?.[1] ?? []);
  if (months.length !== 1 || numbers.length !== words.length - 1 || numbers.length > 2) return undefined;
  const inYear = String(months[0]);
  const year = numbers.find((each) => each.length === 4);
  const [ofMonth] = numbers.filter((each) => each !== year && each.length <= 2);
  if (numbers.length === 2) return day(year, inYear, ofMonth);
  if (year !== undefined) return month(year, inYear);
  return newest(today, (each) => (ofMonth === undefined ? month(each, inYear) : day(each, inYear, ofMonth)));
}

/** The newest of a day that comes each year which is not to come. */
function newest(today: string, ofYear: (year: string) => DaySpan | undefined): DaySpan | undefined {
  const year = Number(today.slice(0, 4));
  const spans = [year, year - 1, year - 2, year - 3, year - 4].map((each) => ofYear(String(each)));
  return spans.find((each) => each !== undefined && each.start <= today);
}

const monthsOf = new Map<string, readonly (readonly string[])[]>();

/** 1 to 12 for a month's name, long or short, in English or in the reader's language. */
function monthOf(word: string, locale: string): number | undefined {
  const language = known(locale);
  const names = monthsOf.get(language) ?? ["en", language].flatMap(monthNames);
  monthsOf.set(language, names);
  const plain = word === "sept" ? "sep" : word;
  const at = names.findIndex((each) => each.includes(plain));
  return at === -1 ? undefined : (at % 12) + 1;
}

function monthNames(language: string): string[][] {
  const styles = (["long", "short"] as const).flatMap((style) => [
    new Intl.DateTimeFormat(language, { month: style, timeZone: "UTC" }),
    new Intl.DateTimeFormat(language, { month: style, day: "numeric", timeZone: "UTC" }),
  ]);
  return Array.from({ length: 12 }, (_, at) => {
    const date = new Date(Date.UTC(2026, at, 15));
    const names = styles.map((style) => style.formatToParts(date).find(({ type }) => type === "month")?.value ?? "");
    return names.map((name) => name.toLowerCase().replaceAll(".", "")).filter((name) => /^\p{L}/u.test(name));
  });
}

/** A language that Intl knows. */
function known(locale: string): string {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(locale)[0] ?? "en-GB";
  } catch {
    return "en-GB";
  }
}

function day(year = "", inYear = "", ofMonth = ""): DaySpan | undefined {
  try {
    const parts = { year: Number(year), month: Number(inYear), day: Number(ofMonth) };
    return span(Temporal.PlainDate.from(parts, { overflow: "reject" }), { days: 1 });
  } catch {
    return undefined;
  }
}

function month(year = "", inYear = ""): DaySpan | undefined {
  const first = day(year, inYear, "1");
  return first && span(Temporal.PlainDate.from(first.start), { months: 1 });
}

function span(start: Temporal.PlainDate, length: Temporal.DurationLike): DaySpan {
  return { start: start.toString(), end: start.add(length).toString() };
}

/** The instant at which a day begins in a time zone, as RingCentral writes starts. */
export function beginOf(date: string, zone: string): string {
  const { epochMilliseconds } = Temporal.PlainDate.from(date).toZonedDateTime(zone);
  return new Date(epochMilliseconds).toISOString().slice(0, 19);
}

export function dayBefore(date: string): string {
  return Temporal.PlainDate.from(date).subtract({ days: 1 }).toString();
}

/** The day it is in a time zone. */
export function todayIn(zone: string | undefined, nowMs: number): string {
  const now = Temporal.Instant.fromEpochMilliseconds(nowMs);
  return now
    .toZonedDateTimeISO(zone ?? "UTC")
    .toPlainDate()
    .toString();
}

/** A time zone as a browser names it (`Europe/Berlin`); undefined when there is none of that name. */
export function knownZone(zone: string | null): string | undefined {
  try {
    return zone === null
      ? undefined
      : new Intl.DateTimeFormat("en", { timeZone: zone.slice(0, 100) }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}
