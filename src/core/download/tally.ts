import { asRecordingError, type ErrorCode, type RecordingError } from "../model/errors.ts";
import type { Absent, DownloadEvent, SkipReason, Summary } from "../model/events.ts";

/** Counts a run's events into its summary. */
export interface Tally {
  readonly done: number;
  readonly bytes: number;
  hear(event: DownloadEvent): void;
  /** What ended the run early; the first one stays. */
  stopped(error: RecordingError): void;
  summary(ms: number): Summary;
}

export function openTally(): Tally {
  let done = 0;
  let skipped = 0;
  let failed = 0;
  let rejected = 0;
  let bytes = 0;
  const reasons: Record<string, number> = {};
  const absent = new Map<SkipReason, Absent>();
  const incomplete = new Set<ErrorCode>();
  let [short, shortAgain] = [0, 0];
  let stoppedBy: { code: ErrorCode; message: string } | undefined;
  const count = (reason: string) => {
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  };
  const countAbsent = ({ reason, evidence, key }: Extract<DownloadEvent, { event: "recording-skipped" }>) => {
    if (evidence === undefined || key === undefined) return;
    const entries = (absent.get(reason)?.entries ?? 0) + 1;
    absent.set(reason, { evidence, example: key, ...absent.get(reason), reason, entries });
  };
  return {
    get done() {
      return done;
    },
    get bytes() {
      return bytes;
    },
    hear(event) {
      if (event.event === "recording-done") {
        done += 1;
        bytes += event.bytes;
        if (event.short) short += 1;
        if (event.shortAgain) shortAgain += 1;
      } else if (event.event === "recording-skipped") {
        skipped += 1;
        count(event.reason);
        countAbsent(event);
      } else if (event.event === "recording-failed") {
        failed += 1;
        count(event.code);
      } else if (event.event === "row-rejected") rejected += 1;
      else if (event.event === "incomplete") {
        incomplete.add(event.code);
        count("incomplete");
      }
    },
    stopped(error) {
      const { code, message } = asRecordingError(error);
      stoppedBy ??= { code, message };
    },
    summary: (ms) => ({
      done,
      skipped,
      failed,
      rejected,
      bytes,
      ms,
      reasons,
      ...(absent.size === 0 ? {} : { absent: [...absent.values()] }),
      ...(incomplete.size === 0 ? {} : { incomplete: [...incomplete] }),
      ...(short === 0 ? {} : { short }),
      ...(shortAgain === 0 ? {} : { shortAgain }),
      ...(stoppedBy === undefined ? {} : { stoppedBy }),
    }),
  };
}
