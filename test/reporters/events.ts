import type { DownloadEvent } from "../../src/core/model/events.ts";

type Finished = Extract<DownloadEvent, { event: "run-finished" }>;

export const runStarted: DownloadEvent = {
  event: "run-started",
  runId: "run-1",
  sources: ["ringcentral"],
  dest: "./recordings",
};

export const started = (key: string, call = {}): DownloadEvent => ({ event: "recording-started", key, call });

export const progressed = (key: string, bytes: number, total?: number): DownloadEvent => ({
  event: "recording-progress",
  key,
  bytes,
  ...(total === undefined ? {} : { total }),
});

export const done = (key: string, bytes = 1024): DownloadEvent => ({
  event: "recording-done",
  key,
  path: `${key}.wav`,
  bytes,
  sha256: "ab".repeat(32),
  contentType: "audio/wav",
  ms: 12.4,
  call: { from: "+4930123456", name: "Anna" },
});

export const failed = (key: string, message = "The server answered 500."): DownloadEvent => ({
  event: "recording-failed",
  key,
  source: "ringcentral",
  id: key,
  locator: { contentUri: "https://media.test/secret-path" },
  call: { from: "+4930123456" },
  code: "server-error",
  message,
});

export const skipped = (
  key: string,
  reason: "done" | "filtered" | "no-recording" | "too-young" = "done",
): DownloadEvent => ({
  event: "recording-skipped",
  key,
  reason,
});

export function finished(fields: Partial<Finished> = {}): Finished {
  return {
    event: "run-finished",
    exitCode: 0,
    done: 0,
    skipped: 0,
    failed: 0,
    rejected: 0,
    bytes: 0,
    ms: 123_000,
    reasons: {},
    ...fields,
  };
}
