import type { Writable } from "node:stream";
import type { Evidence } from "../core/download/evidence.ts";
import type { DownloadEvent, Summary } from "../core/model/events.ts";
import type { Clock, Reporter } from "../core/model/ports.ts";
import { printable } from "../core/text.ts";
import { openSink } from "./output.ts";

export interface JsonSettings {
  readonly stream: Writable;
  readonly clock: Pick<Clock, "now">;
  /** Applied to sentences; ids, paths and numbers stay as they are. */
  readonly redact?: (text: string) => string;
}

/**
 * One NDJSON object a line, each with `event` and `time`. What is known of a call stays out of it: numbers and names
 * of people do not belong into the log of a cron job. Progress within a recording or a listing is not told.
 */
export function openJsonReporter(settings: JsonSettings): Reporter {
  const sink = openSink(settings.stream, 25);
  const clean = settings.redact ?? ((text: string) => text);
  const time = openTimestamp(settings.clock);
  return {
    report(event) {
      if (event.event === "recording-progress" || event.event === "listing" || event.event === "found") return;
      if (event.event === "recording-skipped") return sink.write(skippedLine(event, time()));
      sink.write(`${JSON.stringify({ event: event.event, time: time(), ...fieldsOf(event, clean) })}\n`);
    },
    close: () => sink.close(),
  };
}

/** The ISO time, made anew only when the millisecond has changed. */
function openTimestamp(clock: Pick<Clock, "now">): () => string {
  let at = Number.NaN;
  let text = "";
  return () => {
    const now = clock.now();
    if (now !== at) {
      at = now;
      text = new Date(now).toISOString();
    }
    return text;
  };
}

type Skipped = Extract<DownloadEvent, { event: "recording-skipped" }>;

/** By hand: a second run over a big archive writes a million of these and little else. */
function skippedLine({ key, reason, path, evidence, file, line }: Skipped, time: string): string {
  let text = `{"event":"recording-skipped","time":"${time}","reason":"${reason}"`;
  if (key !== undefined) text += `,"key":${JSON.stringify(key)}`;
  if (path !== undefined) text += `,"path":${JSON.stringify(path)}`;
  if (evidence !== undefined) text += `,"evidence":${JSON.stringify(evidenceLine(evidence))}`;
  if (file !== undefined) text += `,"file":${JSON.stringify(file)}`;
  if (line !== undefined) text += `,"line":${line}`;
  return `${text}}\n`;
}

function absentOf({ absent }: Pick<Summary, "absent">): { absent?: object } {
  if (absent === undefined) return {};
  return { absent: absent.map(({ evidence, ...rest }) => ({ ...rest, evidence: evidenceLine(evidence) })) };
}

/** Evidence with its times as people and programs read them. */
function evidenceLine({ says, by, times, firstMs, lastMs, proven }: Evidence): Readonly<Record<string, unknown>> {
  const [first, last] = [firstMs, lastMs].map((ms) => new Date(ms).toISOString());
  return { says, by, times, first, last, proven };
}

type Told = Exclude<DownloadEvent, { event: "recording-skipped" | "recording-progress" | "listing" | "found" }>;

function fieldsOf(event: Told, clean: (text: string) => string): Readonly<Record<string, unknown>> {
  const sentence = (text: string) => clean(printable(text));
  switch (event.event) {
    case "recording-started":
      return { key: event.key };
    case "recording-done": {
      const { key, path, bytes, sha256, contentType, audioSeconds, short, note, ms } = event;
      return { key, path, bytes, sha256, contentType, audioSeconds, short, note, ms: Math.round(ms) };
    }
    case "recording-failed":
      return { key: event.key, code: event.code, message: sentence(event.message) };
    case "attempt-failed": {
      const { key, code, attempt, retryInMs, message } = event;
      return { key, code, attempt, retryInMs, message: sentence(message) };
    }
    case "waiting":
      return { reason: sentence(event.reason), untilMs: event.untilMs };
    case "notice":
      return { level: event.level, message: sentence(event.message) };
    case "row-rejected":
      return { file: event.file, line: event.line, message: sentence(event.message) };
    case "incomplete":
      return { what: sentence(event.what), code: event.code, message: sentence(event.message) };
    case "run-finished": {
      const {
        done,
        skipped,
        failed,
        bytes,
        exitCode,
        rejected,
        ms,
        reasons,
        short,
        hooksFailed,
        head,
        stoppedBy,
        incomplete,
      } = event;
      const stopped = stoppedBy && { stoppedBy: { ...stoppedBy, message: sentence(stoppedBy.message) } };
      const counts = {
        done,
        skipped,
        failed,
        bytes,
        exitCode,
        rejected,
        ms: Math.round(ms),
        reasons,
        short,
        hooksFailed,
        incomplete,
        head,
      };
      return { ...counts, ...absentOf(event), ...stopped };
    }
    case "listed": {
      const { source, rows, recordings, from, to } = event;
      return { source, rows, recordings, from, to };
    }
    case "run-started":
      return { runId: event.runId, sources: event.sources, dest: event.dest, profile: event.profile };
  }
}
