import type { DownloadEvent } from "../core/events.ts";
import type { Reporter } from "../core/ports.ts";
import type { Log, LogLevel } from "./log.ts";

/** Writes what a run tells of itself into a log: failures as errors, attempts and warnings as warnings, the rest for -v and -vv. */
export function openEventLog(log: Pick<Log, LogLevel>): Reporter {
  return {
    report(event) {
      const entry = entryOf(event);
      if (entry !== undefined) log[entry[0]](entry[1]);
    },
    async close() {},
  };
}

function entryOf(event: DownloadEvent): [LogLevel, string] | undefined {
  switch (event.event) {
    case "run-started":
      return ["info", `run ${event.runId} into ${event.dest}: ${event.sources.join(", ")}`];
    case "listed":
      return ["info", `listed ${event.source}: ${event.rows} rows, ${event.recordings} recordings`];
    case "listing":
      return ["info", `listing ${event.source}: ${event.rows} calls from ${event.from} to ${event.to}`];
    case "row-rejected":
      return ["warn", `${event.file}:${event.line}: ${event.message}`];
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
      return ["info", `waiting for ${event.reason} until ${new Date(event.untilMs).toISOString()}`];
    case "notice":
      return [event.level === "warning" ? "warn" : "info", event.message];
    case "recording-done":
      return ["info", `done ${event.key}: ${event.path}, ${event.bytes} bytes in ${Math.round(event.ms)} ms`];
    case "recording-failed":
      return ["error", `failed ${event.key} (${event.code}): ${event.message}`];
    case "run-finished":
      return [
        "info",
        `run finished: ${event.done} done, ${event.skipped} skipped, ${event.failed} failed, exit code ${event.exitCode}`,
      ];
    case "recording-progress":
      return undefined;
  }
}
