import { monthOf } from "./month-names.ts";
import { cutTime } from "./time-of-day.ts";

/** Which of day, month and year comes first. */
export type Order = "dmy" | "mdy" | "ymd";

/** The start as ISO 8601 under each order in which a text can be read; the same under all where its form leaves no doubt. */
export type Readings = Readonly<Partial<Record<Order, string>>>;

export const orders: readonly Order[] = ["dmy", "mdy", "ymd"];
const none: Readings = {};

/**
 * A start as RFC 3339 has it, in UTC, of a day that every month has: what all readings of it are. Undefined for all others, which
 * `readingsOf` understands too.
 */
export function plainInstant(text: string): string | undefined {
  const found = plainInstantText.exec(text);
  if (found === null) return undefined;
  const fraction = found[2];
  return fraction === undefined || fraction === ".000" ? `${found[1]}Z` : text;
}

const plainInstantText =
  /^(20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d{3})?Z$/;

/** All that a text can mean as a moment. Naive times stay naive, an epoch becomes an instant. */
export function readingsOf(text: string): Readings {
  const clean = text
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")
    .replace(/[\s\u00a0\u202f\u2009]+/g, " ")
    .trim();
  if (clean.length > 80) return none;
  const plain = inAscii(clean);
  return iso(plain) ?? compact(plain) ?? ticks(plain) ?? epoch(plain) ?? serial(plain) ?? written(plain) ?? none;
}

/** Digits, hyphens and colons of other alphabets as those of ASCII. */
function inAscii(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  return text.replace(/[\u2010-\u2015\u2212\uff0d]/g, "-").replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) as number;
    const zero = digitZeros.find((each) => code >= each && code < each + 10);
    return zero === undefined ? digit : String(code - zero);
  });
}

/** Where the digits of Arabic, Persian, Devanagari, Bengali, Thai and full-width writing begin. */
const digitZeros = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10];

/**
 * The readings that a call's start can have: years of two digits lie in the last fifteen years, and do not come first in a
 * date with slashes that can be read otherwise.
 */
export function likelyReadings(text: string): Readings {
  const all = readingsOf(text);
  const short = /^\D*\d\d?([-/. ]+)\d\d?[-/. ]+\d\d(?!\d)/.exec(text);
  if (short === null || (all.dmy === all.mdy && all.mdy === all.ymd)) return all;
  const thisYear = new Date().getUTCFullYear();
  const isLikely = (reading = "") =>
    Number(reading.slice(0, 4)) >= thisYear - 15 && Number(reading.slice(0, 4)) <= thisYear + 1;
  const likely = Object.fromEntries(Object.entries(all).filter(([, reading]) => isLikely(reading))) as Readings;
  const { dmy, mdy, ymd } = likely;
  return short[1]?.includes("/") && (dmy ?? mdy) !== undefined && ymd !== undefined
    ? { ...(dmy === undefined ? {} : { dmy }), ...(mdy === undefined ? {} : { mdy }) }
    : likely;
}

const isoText =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)? ?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

function iso(text: string): Readings | undefined {
  const found = isoText.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction, zone = ""] = found;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return none;
  const part = fraction === undefined || /^0+$/.test(fraction) ? "" : `.${fraction.slice(0, 3).padEnd(3, "0")}`;
  const offset =
    zone === "" ? "" : /z/i.test(zone) ? "Z" : `${zone.slice(0, 3)}:${zone.slice(3).replace(":", "") || "00"}`;
  return certain(dated(year as string, month as string, day as string, `${hour}:${minute}:${second}${part}${offset}`));
}

/** .NET's ticks, which are naive, and Windows' file times, both in 100 ns, for the years 2000 to 2099. */
function ticks(text: string): Readings | undefined {
  if (!/^\d{18}$/.test(text)) return undefined;
  const ms = Number(BigInt(text) / 10_000n);
  for (const [since, isNaive] of [
    [Date.parse("0001-01-01T00:00:00Z"), true],
    [Date.UTC(1601, 0, 1), false],
  ] as const) {
    const reading = instantOf(since + ms);
    if (/^20/.test(reading ?? "")) return certain(isNaive ? reading?.slice(0, -1) : reading);
  }
  return undefined;
}

/** Seconds, milliseconds, microseconds or nanoseconds since 1970, told by their size; `/Date(1764374587000)/` too. */
export function epoch(text: string): Readings | undefined {
  const inMs = /^\\?\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?\/$/.exec(text)?.[1];
  if (inMs !== undefined) return certain(instantOf(Number(inMs)));
  const found = /^(\d{9,19})(?:[.,]\d+)?$/.exec(text)?.[1];
  const power = found === undefined ? undefined : powers.find(([digits]) => digits.includes(found.length))?.[1];
  return power === undefined ? undefined : certain(instantOf(Math.floor(Number(text.replace(",", ".")) * power)));
}

const powers: readonly (readonly [readonly number[], number])[] = [
  [[9, 10], 1000],
  [[12, 13], 1],
  [[15, 16], 1 / 1000],
  [[18, 19], 1 / 1_000_000],
];

function instantOf(ms: number): string | undefined {
  const at = new Date(ms);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString().replace(".000Z", "Z");
}

/** Excel's days since 1899-12-30, for the years 2000 to 2099: naive. */
function serial(text: string): Readings | undefined {
  const days = /^\d{5}(?:[.,]\d+)?$/.test(text) ? Number(text.replace(",", ".")) : Number.NaN;
  if (!(days >= 36_526 && days < 73_051)) return undefined;
  const ms = Date.UTC(1899, 11, 30) + Math.round(days * 86_400) * 1000;
  return certain(new Date(ms).toISOString().slice(0, 19));
}

function compact(text: string): Readings | undefined {
  const found = /^(\d{4})(\d\d)(\d\d)(?:[T ]?(\d\d):?(\d\d):?(\d\d)?(Z)?| (\d\d?:\d\d.*))?$/i.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute = "00", second = "00", zone = "", rest] = found;
  if (rest !== undefined) return readingsOf(`${year}-${month}-${day} ${rest}`);
  const time = hour === undefined ? "00:00:00" : `${hour}:${minute}:${second}${zone.toUpperCase()}`;
  if (Number(hour ?? 0) > 23 || Number(minute) > 59 || Number(second) > 59) return none;
  return certain(dated(year as string, month as string, day as string, time));
}

/** Dates as people and their computers' cultures write them. */
function written(text: string): Readings | undefined {
  const cut = cutTime(text.replace(/(?<=\d) ?[年月년월] ?/g, "-").replace(/(?<=\d) ?[日일]/g, " "));
  if (cut === undefined) return undefined;
  const date = cut.rest
    .replace(/,/g, " ")
    .replace(/ +/g, " ")
    .replace(/[ .]+$/, "")
    .trim();
  const end = cut.time + cut.zone;
  return numeric(date, end) ?? named(date, end);
}

function numeric(date: string, end: string): Readings | undefined {
  const found = /^(\d{1,4})([-/. ]+)(\d{1,2})[-/. ]+(\d{1,4})$/.exec(date);
  if (found === null) return undefined;
  const [, first = "", mark = "", second = "", third = ""] = found;
  if (first.length >= 3)
    return first.length === 4 && third.length <= 2 ? certain(dated(first, second, third, end)) : none;
  if (third.length !== 2 && third.length !== 4) return none;
  const read = {
    dmy: dated(third, second, first, end),
    // Points stand between day, month and year only where the day comes first.
    mdy: mark.includes(".") ? undefined : dated(third, first, second, end),
    ymd: third.length === 4 || first.length !== 2 ? undefined : dated(first, second, third, end),
  };
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
}

function named(date: string, end: string): Readings | undefined {
  const words = date
    .split(/[-/. ]+/)
    .map((word) => word.replace(/^(\d{1,2})(st|nd|rd|th|º|ª)$/i, "$1"))
    .flatMap((word) => /^(\d{1,2})(\p{L}{3,})(\d{2,4})$/u.exec(word)?.slice(1) ?? [word]);
  const months = words.map((word) => (/^\d/.test(word) ? undefined : monthOf(word)));
  const at = months.findIndex((month) => month !== undefined);
  const [first = "", second = "", ...more] = words.filter((word) => /^\d+$/.test(word));
  if (
    at === -1 ||
    second === "" ||
    more.length > 0 ||
    months.some((month, index) => month !== undefined && index !== at)
  ) {
    return undefined;
  }
  const isYearFirst = first.length === 4;
  if (!isYearFirst && second.length !== 4 && second.length !== 2) return none;
  const [year, day] = isYearFirst ? [first, second] : [second, first];
  return certain(dated(year, String(months[at]), day, end));
}

function certain(reading: string | undefined): Readings {
  return reading === undefined ? none : { dmy: reading, mdy: reading, ymd: reading };
}

/** A date that the calendar has, with its time; years of two digits are those from 1970 to 2069. */
function dated(yearText: string, monthText: string, dayText: string, end: string): string | undefined {
  const [given, month, day] = [Number(yearText), Number(monthText), Number(dayText)];
  const year = yearText.length > 2 ? given : given + (given < 70 ? 2000 : 1900);
  if (year < 1 || month < 1 || month > 12 || day < 1 || dayText.length > 2) return undefined;
  if (day > 28 && day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${end}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
