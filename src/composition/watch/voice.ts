import type { Invocation } from "../../cli/io.ts";
import { momentText } from "../../core/local-time.ts";
import type { DownloadEvent } from "../../core/model/events.ts";
import { openRedactor } from "../../core/redact.ts";
import { forPeople } from "../../core/width.ts";
import { openMessages } from "../../reporters/messages.ts";
import { openPaint } from "../../reporters/paint.ts";
import { openRunReporter, type RunReporter } from "../reporter.ts";

/** How a watch speaks: a line with its time for people, and events for programs and the log. */
export interface Voice extends AsyncDisposable {
  /** What the watch itself has to say, to everybody. */
  info(message: string): void;
  warn(message: string): void;
  /** What must be read of an event that the log and programs have heard already. */
  show(event: DownloadEvent): void;
  /** Log and NDJSON of what belongs to no run; keeps secrets out of every line. */
  readonly reporter: Pick<RunReporter, "report" | "logRequest" | "keepSecret">;
}

/** Opens the voice of one watch. */
export async function openVoice(invocation: Invocation): Promise<Voice> {
  const { settings, io } = invocation;
  const { exec: _exec, execAfter: _after, ping: _ping, ...spoken } = settings;
  const reporter = await openRunReporter({ ...invocation, settings: { ...spoken, progress: "none" } });
  const redactor = openRedactor();
  const color = !(settings.noColor ?? false) && !io.env.NO_COLOR && io.stderr.isTTY === true;
  const messageOf = openMessages({ quiet: settings.quiet ?? false, redact: redactor.clean, paint: openPaint(color) });
  const show = (event: DownloadEvent) => {
    const message = messageOf(event);
    if (message === undefined) return;
    io.stderr.write(forPeople(`${momentText(io.clock.now(), settings.timezone)} ${message}\n`, io.stderr));
  };
  const tell = (level: "info" | "warning") => (message: string) => {
    const event: DownloadEvent = { event: "notice", level, message };
    show(event);
    reporter.report(event);
  };
  const keepSecret = (secret: string) => {
    redactor.add(secret);
    reporter.keepSecret(secret);
  };
  return {
    info: tell("info"),
    warn: tell("warning"),
    show,
    reporter: { report: reporter.report, logRequest: reporter.logRequest, keepSecret },
    [Symbol.asyncDispose]: () => reporter.close(),
  };
}
