import { RecordingError } from "./model/errors.ts";

const kibi = 1024;
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `512 B`, `1.5 KiB`, `123 MiB`, `3.2 GiB`: powers of 1024, at most three digits and one decimal. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = Math.max(0, bytes);
  let unit = 0;
  while (unit < units.length - 1 && Math.round(value) >= (unit === 0 ? kibi : kibi - 1)) {
    value /= kibi;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** Milliseconds as `850 ms`, `3.4 s`, `42 s`, `2 min 3 s`, `8 h 1 min`, `2 d 3 h`: the two greatest units at most. */
export function formatDuration(ms: number): string {
  const span = Math.max(0, ms);
  if (Math.round(span) < second) return `${Math.round(span)} ms`;
  if (span < 9.95 * second) return `${(span / second).toFixed(1).replace(/\.0$/, "")} s`;
  if (Math.round(span / second) < 60) return `${Math.round(span / second)} s`;
  if (Math.round(span / second) < 3600) return twoUnits(Math.round(span / second), 60, "min", "s");
  if (Math.round(span / minute) < 24 * 60) return twoUnits(Math.round(span / minute), 60, "h", "min");
  return twoUnits(Math.round(span / hour), 24, "d", "h");
}

/** `1,204,000`. */
export function formatCount(count: number): string {
  return String(Math.trunc(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 recording`, `1,204 recordings`; `plural` where an `s` does not make it. */
export function formatNumberOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

/** A rate a minute as `0.5/min`, `10/min`, `1,200/min`, and from 6,000 a minute on as `100/s`. */
export function formatRate(perMinute: number): string {
  if (perMinute >= 6000) return `${formatCount(Math.round(perMinute / 60))}/s`;
  if (perMinute >= 9.95) return `${formatCount(Math.round(perMinute))}/min`;
  return `${perMinute.toFixed(1).replace(/\.0$/, "")}/min`;
}

/** Bytes from `2M`, `500K`, `1.5GiB` or `1000`; powers of 1024, as in curl and rclone. `flag` begins the error's sentence. */
export function parseBytes(text: string, flag?: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*(?:([kmgtp])(?:i?b)?|b)?$/i.exec(text.trim());
  const power = "kmgtp".indexOf(match?.[2]?.toLowerCase() ?? "") + (match?.[2] === undefined ? 0 : 1);
  const bytes = match === null ? Number.NaN : Math.round(Number(match[1]) * kibi ** power);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw refused(text, flag, "a size", "500K, 2M, 1.5G or a number of bytes (K, M, G and T are powers of 1024)");
}

const durationUnits: Readonly<Record<string, number>> = {
  w: 7 * day,
  d: day,
  h: hour,
  m: minute,
  s: second,
  ms: 1,
};

/** A thousand years: what is longer is a slip of the keys, and no clock or calendar can reckon with it. */
const longestMs = 365_250 * day;

/** Milliseconds from `24h`, `15m`, `1h30m`, `90s`, `500ms`, `7d`, `2w` or `0`. `flag` begins the error's sentence. */
export function parseDuration(text: string, flag?: string): number {
  const compact = text.trim().toLowerCase();
  if (compact === "0") return 0;
  let total = 0;
  let smallest = Number.POSITIVE_INFINITY;
  let read = 0;
  for (const match of compact.matchAll(/(\d{1,12}(?:\.\d{1,6})?)\s*(ms|[wdhms])\s*/gy)) {
    const unit = durationUnits[match[2] as string] as number;
    if (unit >= smallest) break;
    smallest = unit;
    total += Number(match[1]) * unit;
    read += match[0].length;
  }
  const ms = Math.round(total);
  if (read > 0 && read === compact.length && ms <= longestMs) return ms;
  throw refused(text, flag, "a length of time", "500ms, 90s, 15m, 24h, 1h30m, 7d or 2w");
}

/** Requests a minute, greater than 0, from `10/m`, `1/s` or `600/h`. `flag` begins the error's sentence. */
export function parseRate(text: string, flag?: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)\s*\/\s*(s|sec|second|m|min|minute|h|hour)$/i.exec(text.trim());
  const rate = match === null ? 0 : Number(match[1]) * ratePerMinute((match[2] as string).toLowerCase());
  if (rate > 0) return rate;
  throw refused(text, flag, "a rate above 0", "10/m (a minute), 1/s or 600/h");
}

function ratePerMinute(unit: string): number {
  if (unit.startsWith("s")) return 60;
  return unit.startsWith("m") ? 1 : 1 / 60;
}

/** `total` is in the smaller unit, of which `ratio` make a greater one. */
function twoUnits(total: number, ratio: number, greater: string, smaller: string): string {
  const rest = total % ratio;
  const head = `${formatCount(Math.floor(total / ratio))} ${greater}`;
  return rest === 0 ? head : `${head} ${rest} ${smaller}`;
}

function refused(text: string, flag: string | undefined, what: string, forms: string): RecordingError {
  const shown = printable(text).slice(0, 40);
  return new RecordingError(
    "usage",
    `${flag === undefined ? "" : `${flag}: `}"${shown}" is not ${what}; use ${forms}.`,
  );
}

/**
 * Text as one harmless line: no control, bidi or other invisible format characters, no line breaks, no broken
 * surrogates, no towers of combining marks. What a row or a server says goes through here before anybody reads it.
 */
export function printable(text: string): string {
  if (plain.test(text)) return text;
  return text.replace(breaks, " ").replace(invisible, "").replace(towers, "$1");
}

const plain = /^[\x20-\x7e]*$/;
const breaks = /[\t\n\v\f\r\x85\p{Zl}\p{Zp}]+/gu;
const invisible = /[\p{Cc}\p{Cf}\p{Cs}]/gu;
const towers = /(\p{M}{4})\p{M}+/gu;

const wordPattern = /(?:[^\s"'\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/gs;
const piecePattern = /\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)"/gs;

/** Splits a command into words as a shell would, with quotes and backslashes, but expands nothing. */
export function splitWords(command: string): [string, ...string[]] {
  if (command.replace(wordPattern, "").trim() !== "") {
    throw new RecordingError("usage", `A quote is not closed in the command ${command}`);
  }
  const [first, ...rest] = (command.match(wordPattern) ?? []).map(unquoted);
  if (first === undefined) throw new RecordingError("usage", "The command is empty: see --exec.");
  return [first, ...rest];
}

function unquoted(word: string): string {
  return word.replace(piecePattern, (_, escaped?: string, single?: string, double?: string) => {
    return escaped ?? single ?? double?.replace(/\\(.)/gs, "$1") ?? "";
  });
}
