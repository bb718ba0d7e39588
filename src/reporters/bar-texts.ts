import { momentText, timeText } from "../core/local-time.ts";
import type { Call, RecordingKey } from "../core/model/recording.ts";
import { formatBytes, formatCount, formatDuration, formatNumberOf, formatRate, printable } from "../core/text.ts";
import { column, cutAtWord, cutTo, widthOf } from "../core/width.ts";
import type { Paint } from "./paint.ts";
import type { InFlight, Progress } from "./progress.ts";

/** Below this width there is no room to draw: only words, the most telling first. */
const narrow = 60;

/** How texts are told: times in `timezone`, the system's where undefined; what others say passes `redact`. */
export interface Telling {
  readonly redact: (text: string) => string;
  readonly timezone?: string | undefined;
}

/** What rows are drawn with. */
export interface Look extends Telling {
  readonly columns: number;
  readonly paint: Paint;
}

/** `██████░░░░  25%  1,204/4,812  3.2 GiB  2.1 MiB/s  10/min  6 h left`, within `columns - 1`. */
export function totalRow(progress: Progress, { columns, paint }: Look): string {
  const { handled, total, isGrowing, bytes } = progress;
  const rate = progress.rate();
  const eta = progress.etaMs();
  const speed = progress.bytesPerSecond();
  const words = [
    countText(progress),
    ...(eta === undefined ? [] : [`${formatDuration(eta)} left`]),
    formatBytes(bytes),
    ...(rate === undefined ? [] : [formatRate(rate)]),
    ...(speed === undefined ? [] : [`${formatBytes(speed)}/s`]),
  ];
  if (total === undefined || isGrowing) return joined(words, columns - 1);
  const percent = `${Math.floor((100 * handled) / total)}%`;
  if (columns < narrow) return joined([percent, ...words], columns - 1);
  const size = columns < 100 ? 16 : 30;
  const text = joined([percent.padStart(4), ...words], columns - size - 3);
  return `${bar(handled / total, size, paint)} ${text}`;
}

/** `1,204/4,812`; `120/1,340+` while there may be more to come, and `120 handled` while nothing is known of the rest. */
export function countText({ handled, total, isGrowing }: Progress): string {
  if (total === undefined) return `${formatCount(handled)} handled`;
  return `${formatCount(handled)}/${formatCount(total)}${isGrowing ? "+" : ""}`;
}

/** What is waited for, and how the run went so far. */
export function statusRow(progress: Progress, look: Look): string {
  const { columns, paint } = look;
  const waiting = waitingText(progress, look);
  const listing = listingText(progress, look);
  const counts = [
    ...(listing === undefined ? [] : [listing]),
    ...(progress.failed === 0 ? [] : [`${formatCount(progress.failed)} failed`]),
    ...(progress.skipped === 0 ? [] : [`${formatCount(progress.skipped)} skipped`]),
  ].join(", ");
  if (waiting === undefined) return paint("dim", cutAtWord(counts, columns - 1));
  const both = counts !== "" && widthOf(waiting) + 2 + widthOf(counts) < columns;
  return paint("yellow", shortened(waiting, columns - 1)) + (both ? paint("dim", `  ${counts}`) : "");
}

/** Cut in the reason, so that the time at its end is still seen. */
function shortened(waiting: string, columns: number): string {
  const end = waiting.lastIndexOf(" until ");
  if (widthOf(waiting) <= columns || columns < 30) return cutAtWord(waiting, columns);
  return cutAtWord(waiting.slice(0, end), columns - widthOf(waiting.slice(end))) + waiting.slice(end);
}

/** One recording on its way: whose call, how far. */
export function fileRow(key: RecordingKey, file: InFlight, { columns, paint, timezone }: Look): string {
  const amount =
    file.total === undefined ? formatBytes(file.bytes) : `${formatBytes(file.bytes)} of ${formatBytes(file.total)}`;
  const label = labelOf(key, file.call, timezone);
  if (columns < narrow) return `  ${cutTo(label, columns - 3)}`;
  const drawn = file.total === undefined ? " ".repeat(10) : bar(file.bytes / Math.max(1, file.total), 10, paint);
  return `  ${column(label, columns - 35)} ${drawn} ${cutTo(amount, 20)}`;
}

/** `2026-01-31 14:03 +4930… → Anna`, or the recording's id where nothing is known of the call. */
function labelOf(key: RecordingKey, { start, from, to, name }: Call, timezone: string | undefined): string {
  const when = start === undefined ? undefined : timeText(start, timezone).slice(0, 16);
  const who = [from, to ?? name].filter((part) => part !== undefined && part !== "").join(" → ");
  const label = [when, who].filter((part) => part !== undefined && part !== "").join(" ");
  return printable(label === "" ? key.slice(key.lastIndexOf("/") + 1) : label);
}

function bar(share: number, size: number, paint: Paint): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * size);
  return paint("green", "█".repeat(full)) + paint("dim", "░".repeat(size - full));
}

/** As many of the words as cutTo, in their order. */
function joined(words: readonly string[], columns: number): string {
  let text = cutTo(words[0] ?? "", columns);
  for (const word of words.slice(1)) {
    if (widthOf(text) + 2 + widthOf(word) > columns) break;
    text += `  ${word}`;
  }
  return text;
}

/** `waiting for RingCentral's budget until 14:03:12 +01:00`, or undefined while nothing is waited for; with the date where that is more than half a day away. */
export function waitingText(progress: Progress, { redact, timezone }: Telling): string | undefined {
  const waiting = progress.waiting();
  if (waiting === undefined) return undefined;
  const moment = momentText(waiting.untilMs, timezone);
  const until = waiting.leftMs < 12 * 3_600_000 ? moment.slice("2026-01-31 ".length) : moment;
  return `waiting for ${redact(printable(waiting.reason))} until ${until}`;
}

/** `1,250 calls listed, up to 2026-01-31`, or undefined while no call log is read or it has all been read. */
export function listingText(progress: Progress, { timezone }: Pick<Telling, "timezone">): string | undefined {
  const listing = progress.listing();
  if (listing === undefined) return undefined;
  const { rows, from, to } = listing;
  if (from === to) return `listing calls from ${timeText(from, timezone).slice(0, 10)} on`;
  return `${formatNumberOf(rows, "call")} listed, up to ${timeText(to, timezone).slice(0, 10)}`;
}
