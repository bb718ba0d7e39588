import { closeSync, constants, openSync, statSync, writeSync } from "node:fs";
import { momentText, timeText } from "../core/local-time.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { Clock, Reporter } from "../core/model/ports.ts";
import type { Redactor } from "../core/redact.ts";
import { formatNumberOf, printable } from "../core/text.ts";
import type { RequestLog } from "../http/client.ts";
import { openOutlet } from "../platform/small-file.ts";
import { openFold } from "./fold.ts";

export type LogLevel = "error" | "warn" | "info" | "debug";

/** Messages for whoever looks into a run. Every word passes the redactor; those that say the same are folded in text. */
export interface Log {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
  /** One line for one HTTP request, at level `debug`. */
  request(entry: RequestLog): void;
  close(): void;
}

export interface LogSettings {
  /** The least level that the stream gets: `warn`, with -v `info`, with -vv `debug`. */
  readonly level: LogLevel;
  /** Where lines go, for example the reporter's `messages`, which keep clear of the bars. */
  readonly stream?: { write(text: string): unknown };
  /** Where it is told that the file cannot be written any more. */
  readonly trouble: { write(text: string): unknown };
  /** The least level that the file gets; that of the stream unless told. */
  readonly fileLevel?: LogLevel;
  /** Appended to; made with mode 0600. */
  readonly file?: string;
  readonly format: "text" | "json";
  readonly clock: Pick<Clock, "now">;
  readonly redact: Pick<Redactor, "clean">;
  /** The zone of lines of text; the system's unless given. JSON has its times in UTC. */
  readonly timezone?: string | undefined;
}

/** Opens the log; a file that cannot be opened is a RecordingError `usage`. Writing never throws. */
export function openLog(settings: LogSettings): Log {
  const { stream, redact, clock, timezone } = settings;
  const file = settings.file === undefined ? undefined : openLogFile(settings.file, settings.trouble);
  const limit = levels.indexOf(settings.level);
  const fileLimit = levels.indexOf(settings.fileLevel ?? settings.level);
  const isJson = settings.format === "json";
  const fold = openFold(clock.now);
  const clean = (text: string) => redact.clean(printable(text));

  const write = (level: LogLevel, message: string, fields: Fields = {}) => {
    const rank = levels.indexOf(level);
    if (rank > Math.max(limit, fileLimit)) return;
    const shown = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? clean(value) : value,
    ]);
    const [now, said] = [clock.now(), Object.fromEntries(shown)];
    const line = isJson
      ? jsonLine(new Date(now).toISOString(), level, clean(message), said)
      : textLine(momentText(now, timezone), level, clean(message), said);
    if (rank <= limit) stream?.write(line);
    if (rank <= fileLimit) file?.write(line);
  };

  /** What people read is folded; programs count for themselves. */
  const say = (level: LogLevel) => (message: string) => {
    if (isJson) write(level, message);
    else fold.say(`${level} ${message}`, (repeated) => write(level, `${message}${repeated}`));
  };

  return {
    error: say("error"),
    warn: say("warn"),
    info: say("info"),
    debug: say("debug"),
    request({ method, url, status, ms, requestId }) {
      write("debug", "request", {
        method,
        // Asked to be without a query already; a log keeps none whatever it is handed.
        url: url.replace(/[?#].*$/s, ""),
        status: status ?? "no answer",
        ms: Math.round(ms),
        ...(requestId === undefined ? {} : { RCRequestId: requestId }),
      });
    },
    close() {
      fold.flush();
      file?.close();
    },
  };
}

type Fields = Readonly<Record<string, string | number>>;

const levels: readonly LogLevel[] = ["error", "warn", "info", "debug"];

function textLine(time: string, level: LogLevel, message: string, fields: Fields): string {
  const { method, url, status, ms, ...rest } = fields;
  const said = method === undefined ? message : `${method} ${url} ${status} ${ms} ms`;
  const more = Object.entries(rest).map(([name, value]) => ` ${name}=${value}`);
  return `${time} ${level.padEnd(5)} ${said}${more.join("")}\n`;
}

function jsonLine(time: string, level: LogLevel, message: string, fields: Fields): string {
  return `${JSON.stringify({ time, level, message, ...fields })}\n`;
}

/** A link is followed to pipes and terminals (`/dev/stderr`), never to a file: in a shared folder it may be a stranger's. */
function openToAppend(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = constants;
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() !== false;
  if (!isFile) return openOutlet(path, O_WRONLY | O_APPEND);
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
}

/** Written line by line, at once: what is logged survives a kill. */
function openLogFile(path: string, trouble: LogSettings["trouble"]): { write(line: string): void; close(): void } {
  let file: number | undefined;
  try {
    file = openToAppend(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw new RecordingError("usage", `--log-file: ${printable(path)} cannot be opened for writing (${code}).`, {
      cause: error,
    });
  }
  const close = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  return {
    close,
    write(line) {
      if (file === undefined) return;
      try {
        writeSync(file, line);
      } catch (error) {
        close();
        const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
        trouble.write(`callreel: warning: the log file ${printable(path)} cannot be written any more (${code}).\n`);
      }
    },
  };
}

/** Writes what a run tells of itself into a log: failures as errors, attempts and warnings as warnings, the rest for -v and -vv. */
export function openEventLog(log: Pick<Log, LogLevel>, timezone?: string): Reporter {
  return {
    report(event) {
      const entry = entryOf(event, timezone);
      if (entry !== undefined) log[entry[0]](entry[1]);
    },
    async close() {},
  };
}

function entryOf(event: DownloadEvent, timezone: string | undefined): [LogLevel, string] | undefined {
  switch (event.event) {
    case "run-started":
      return ["info", `run ${event.runId} into ${event.dest}: ${event.sources.join(", ")}`];
    case "listed":
      return [
        "info",
        `listed ${event.source}: ${formatNumberOf(event.rows, "row")}, ${formatNumberOf(event.recordings, "recording")}`,
      ];
    case "listing":
      return [
        "info",
        `listing ${event.source}: ${formatNumberOf(event.rows, "call")} from ${timeText(event.from, timezone)} to ${timeText(event.to, timezone)}`,
      ];
    case "row-rejected":
      return ["warn", `${event.file}:${event.line}: ${event.message}`];
    case "incomplete":
      return ["error", `${event.what}: ${event.message}`];
    case "recording-skipped":
      return ["debug", `skipped ${event.key ?? `${event.file}:${event.line}`}: ${event.reason}`];
    case "recording-started":
      return ["debug", `started ${event.key}`];
    case "attempt-failed":
      return [
        "warn",
        `attempt ${event.attempt} of ${event.key} failed (${event.code}), next in ${event.retryInMs} ms: ${event.message}`,
      ];
    case "waiting":
      return ["info", `waiting for ${event.reason} until ${momentText(event.untilMs, timezone)}`];
    case "notice":
      return [event.level === "warning" ? "warn" : "info", event.message];
    case "recording-done":
      return [
        "info",
        `done ${event.key}: ${event.path}, ${formatNumberOf(event.bytes, "byte")} in ${Math.round(event.ms)} ms`,
      ];
    case "recording-failed":
      return ["error", `failed ${event.key} (${event.code}): ${event.message}`];
    case "run-finished":
      return [
        "info",
        `run finished: ${event.done} done, ${event.skipped} skipped, ${event.failed} failed, exit code ${event.exitCode}`,
      ];
    case "found":
    case "recording-progress":
      return undefined;
  }
}
