import type { Writable } from "node:stream";
import type { Clock, Reporter } from "../core/ports.ts";
import type { Redactor } from "../core/redact.ts";
import { openJsonReporter } from "./json.ts";
export interface Screen extends Reporter {
  readonly messages: { write(text: string): unknown };
}
export function combine(reporters: readonly Reporter[]): Reporter {
  return {
    report: (event) => {
      for (const each of reporters) each.report(event);
    },
    async close() {
      for (const each of reporters) await each.close();
    },
  };
}
export async function openReporter(s: {
  mode: string;
  json: boolean;
  quiet: boolean;
  statsMs: number;
  stdout: Writable;
  stderr: Writable;
  clock: Clock;
  color: boolean;
  ratePerMinute: () => number | undefined;
  redact: Redactor;
}): Promise<Screen> {
  const json = s.json
    ? openJsonReporter({ stream: s.stdout, clock: s.clock, redact: s.redact.clean } as never)
    : undefined;
  return {
    messages: s.stderr,
    report(event) {
      json?.report(event);
      if (event.event === "run-finished")
        s.stderr.write(
          `done ${event.done}, skipped ${event.skipped}, failed ${event.failed} ${event.stoppedBy?.message ?? ""}\n`,
        );
      if (event.event === "recording-failed" || event.event === "row-rejected" || event.event === "notice")
        s.stderr.write(`${JSON.stringify(event)}\n`);
    },
    async close() {
      await json?.close();
    },
  };
}
