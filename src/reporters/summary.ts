import { evidenceInWords } from "../core/download/evidence.ts";
import type { Summary } from "../core/model/events.ts";
import { formatBytes, formatCount, formatDuration, formatNumberOf, printable } from "../core/text.ts";
import { openPaint, type Paint } from "./paint.ts";

export interface SummarySettings {
  readonly color: boolean;
  /** The zone of its times; the system's unless given. */
  readonly timezone?: string | undefined;
  /** Where the recordings are, for the closing line. */
  readonly dest?: string;
}

/** Nothing when all went well; else one sentence, and why the run stopped. */
export function quietLines(summary: Summary & { readonly exitCode: number }, { color }: SummarySettings): string[] {
  if (summary.exitCode === 0) return [];
  const isAsked = ["interrupted", "cap-reached"].includes(summary.stoppedBy?.code ?? "");
  const paint = openPaint(color);
  return [headline(summary, paint), ...(isAsked ? [] : causeLines(summary, paint))];
}

/** What a run came to, in lines for a person: one sentence, what was skipped and failed by reason, and what to do next. */
export function summaryLines(
  summary: Summary & { readonly exitCode: number; readonly head?: string },
  settings: SummarySettings,
): string[] {
  const paint = openPaint(settings.color);
  return [
    headline(summary, paint),
    ...reasonLines(summary, paint, settings.timezone),
    ...shortLines(summary),
    ...(summary.head === undefined ? [] : [paint("dim", `Head ${summary.head}`)]),
    ...nextLines(summary, settings, paint),
  ];
}

const skipWords: Readonly<Record<string, string>> = {
  done: "already downloaded",
  enqueued: "in the ledger, to be downloaded with --pending",
  held: "under a legal hold, not downloaded again",
  repeated: "asked for twice",
  claimed: "being fetched by another run",
  gone: "deleted or expired at the source",
  unproven: "refused by the source, but not proven to be gone; asked for again later",
  purged: "purged on purpose",
  "no-recording": "without a recording",
  "short-recording": "too short to be recorded",
  "unknown-start": "with an unreadable start, so they may be in the window",
  "unknown-field": "without the direction, extension or number asked for, so they may be selected",
  filtered: "outside the selection",
  "too-young": "newer than --min-age",
  "past-retention": "past the source's retention, not asked for (--include-expired asks)",
  "past-usual-retention": "older than RingCentral usually keeps recordings, not asked for (--include-expired asks)",
};

const failureWords: Readonly<Record<string, string>> = {
  "login-refused": "login refused",
  "permission-refused": "permission refused",
  forbidden: "not permitted for this login",
  "foreign-host": "link to an unknown host",
  "not-found": "not found",
  "not-ready": "not ready yet; a later run tries again",
  unreachable: "source unreachable",
  tls: "secure connection failed",
  timeout: "timed out",
  reset: "connection broke",
  "server-error": "server error",
  "rate-limited": "rate limit",
  "http-error": "refused by the server",
  "bad-answer": "unexpected answer",
  "link-expired": "link expired",
  "empty-body": "empty answer",
  "not-audio": "answer is not audio",
  "wrong-length": "cut short",
  "bad-audio": "damaged audio",
  changed: "changed at the source",
  "disk-full": "disk full",
  "disk-denied": "disk: permission denied",
  "disk-read-only": "disk: read-only",
  "disk-io": "disk: input/output error",
  "too-many-files": "too many open files",
  "name-too-long": "file name too long",
  "unsafe-path": "another file is in the way",
  interrupted: "interrupted",
  incomplete: "parts (mailboxes, texts, insights) that could not be had; see above",
};

function headline(summary: Summary & { readonly exitCode: number }, paint: Paint): string {
  const { done, skipped, failed, rejected, bytes, ms } = summary;
  const skips = onlySkipReason(summary);
  const parts = [
    `${formatNumberOf(done, "recording")}${done === 0 ? "" : ` (${formatBytes(bytes)})`}`,
    ...(skipped === 0 ? [] : [`${formatCount(skipped)} skipped${skips === undefined ? "" : ` (${skips})`}`]),
    ...(rejected === 0 ? [] : [formatNumberOf(rejected, "unreadable row")]),
    ...(failed === 0 ? [] : [paint("red", `${formatCount(failed)} failed`)]),
  ];
  return `${paint("bold", `${verb(summary, paint)} ${formatDuration(ms)}`)}: ${parts.join(", ")}.`;
}

function verb(
  { exitCode, stoppedBy, done, failed, rejected, reasons }: Summary & { exitCode: number },
  paint: Paint,
): string {
  if (stoppedBy?.code === "interrupted") return paint("yellow", "Interrupted after");
  if (stoppedBy !== undefined) return paint(stoppedBy.code === "cap-reached" ? "yellow" : "red", "Stopped after");
  if (exitCode !== 0) return paint("yellow", "Finished in");
  if (reasons.enqueued !== undefined) return paint("green", "Listed in");
  return done + failed + rejected === 0 ? "Nothing new in" : paint("green", "Done in");
}

/** The skips' reason in words, when they all have the same one and it cannot be meant for a failure. */
function onlySkipReason({ skipped, failed, reasons }: Summary): string | undefined {
  const skips = Object.entries(reasons).filter(([reason]) => Object.hasOwn(skipWords, reason));
  const [only] = skips;
  return skips.length === 1 && only?.[1] === skipped && (failed === 0 || only[0] !== "gone")
    ? skipWords[only[0]]
    : undefined;
}

function reasonLines(summary: Summary, paint: Paint, timezone: string | undefined): string[] {
  const entries = Object.entries(summary.reasons).filter(([, count]) => count > 0);
  const told = (reason: string) => !(reason in skipWords) || summary.absent?.some((each) => each.reason === reason);
  const shown = onlySkipReason(summary) === undefined ? entries : entries.filter(([reason]) => told(reason));
  const width = Math.max(0, ...shown.map(([, count]) => formatCount(count).length));
  return shown
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => {
      const words = skipWords[reason] ?? failureWords[reason] ?? reason;
      const line = `  ${formatCount(count).padStart(width)}  ${words}${wordOfSource(summary, reason, timezone)}`;
      return reason in skipWords ? line : paint("red", line);
    });
}

/** Who said so of one of them. */
function wordOfSource({ absent = [] }: Summary, reason: string, timezone: string | undefined): string {
  const found = absent.find((each) => each.reason === reason);
  return found === undefined ? "" : ` (${found.example}: ${printable(evidenceInWords(found.evidence, timezone))})`;
}

function shortLines({ short = 0, shortAgain = 0 }: Summary): string[] {
  const line = (count: number, what: string) =>
    `  ${formatCount(count)}  clearly shorter than ${count === 1 ? "its call" : "their calls"}${what}`;
  const first = short - shortAgain;
  return [
    ...(first === 0 ? [] : [line(first, `; the next run downloads ${first === 1 ? "it" : "them"} once more`)]),
    ...(shortAgain === 0
      ? []
      : [line(shortAgain, " even when downloaded again; not asked for again (--force-overwrites asks)")]),
  ];
}

/** What somebody must know of, whatever else was said. */
function causeLines({ stoppedBy, hooksFailed }: Summary, paint: Paint): string[] {
  if (stoppedBy !== undefined) return [`callreel: ${printable(stoppedBy.message)}`];
  if (hooksFailed === undefined) return [];
  const what = `--exec failed or never ran for ${formatNumberOf(hooksFailed, "recording")}`;
  return [`callreel: ${paint("red", `${what}; add --exec-failed to repeat it.`)}`];
}

function nextLines(
  summary: Summary & { readonly exitCode: number },
  { dest }: SummarySettings,
  paint: Paint,
): string[] {
  const { stoppedBy, exitCode, failed, done } = summary;
  const hint = (text: string) => paint("cyan", text);
  if (stoppedBy?.code === "interrupted") return [hint("Nothing is lost: run the same command again to continue.")];
  if (stoppedBy?.code === "cap-reached") return [printable(stoppedBy.message)];
  const cause = causeLines(summary, paint);
  if (cause.length > 0) return cause;
  if (failed > 0) {
    return [hint("`callreel status` shows what failed and why; the same command tries only those again.")];
  }
  return exitCode === 0 && done > 0 && dest !== undefined ? [`Saved in ${dest}.`] : [];
}
