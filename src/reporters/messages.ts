import type { DownloadEvent } from "../core/model/events.ts";
import { formatCount, printable } from "../core/text.ts";
import type { Paint } from "./paint.ts";

/** How many rejected rows are named one by one; a file of the wrong kind would otherwise be printed whole. */
const mostRejected = 20;
/** How often failures that differ only in the recording are named; the summary counts them all. */
const mostAlike = 3;
/** How many different failures are told apart. */
const mostKinds = 1000;

export interface MessageSettings {
  readonly quiet: boolean;
  readonly paint: Paint;
  readonly redact: (text: string) => string;
}

/** What a person must read while a run goes on, a line each without its line break: warnings, failures, notices. */
export function openMessages({ quiet, paint, redact }: MessageSettings): (event: DownloadEvent) => string | undefined {
  let rejected = 0;
  const warning = `callreel: ${paint("yellow", "warning:")}`;
  const sentence = (text: string) => redact(printable(text));
  const failureOf = openFailures(paint, sentence);
  return (event) => {
    switch (event.event) {
      case "notice":
        if (event.level === "warning") return `${warning} ${sentence(event.message)}`;
        return quiet ? undefined : sentence(event.message);
      case "row-rejected":
        rejected += 1;
        if (rejected > mostRejected + 1) return undefined;
        if (rejected > mostRejected) {
          return `${warning} more than ${formatCount(mostRejected)} rows cannot be read; the rest are only counted.`;
        }
        return `${warning} ${sentence(`${event.file}:${event.line}: ${event.message}`)}`;
      case "incomplete":
        return `callreel: ${paint("red", "failed:")} ${sentence(`${event.what}: ${event.message}`)}`;
      case "recording-failed":
        return failureOf(event);
      default:
        return undefined;
    }
  };
}

type Failed = Extract<DownloadEvent, { event: "recording-failed" }>;

/** Failures in words; those that differ only in the recording are named a few times, then folded. */
function openFailures(paint: Paint, sentence: (text: string) => string): (event: Failed) => string | undefined {
  const failures = new Map<string, number>();
  const failed = `callreel: ${paint("red", "failed:")}`;
  return (event) => {
    const alike = countAlike(failures, event);
    if (alike > mostAlike + 1) return undefined;
    if (alike > mostAlike) {
      return `${failed} more recordings in the same way (${event.code}); the rest are only counted here, --error-file lists each of them.`;
    }
    const named = event.message.includes(event.key) ? "" : `${event.key}: `;
    return `${failed} ${sentence(`${named}${event.message}`)}`;
  };
}

/** How many failures so far said the same of whichever recording, this one included. */
function countAlike(failures: Map<string, number>, { code, message, key, id }: Failed): number {
  const kind = `${code} ${message.replaceAll(key, "").replaceAll(id, "")}`;
  const count = (failures.get(kind) ?? 0) + 1;
  if (count > 1 || failures.size < mostKinds) failures.set(kind, count);
  return count;
}
