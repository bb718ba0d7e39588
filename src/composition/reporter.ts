import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { asRecordingError } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { Reporter } from "../core/model/ports.ts";
import { openRedactor } from "../core/redact.ts";
import type { RequestLog } from "../http/client.ts";
import { openErrorFile } from "../reporters/error-file.ts";
import { combine, openReporter } from "../reporters/index.ts";
import { type LogLevel, openEventLog, openLog } from "../reporters/log.ts";
import { type Hooks, openHooks } from "./hooks.ts";

/** Who hears of a run: the screen, the NDJSON stream, the error file, the log. */
export interface RunReporter {
  report(event: DownloadEvent): void;
  logRequest(entry: RequestLog): void;
  keepSecret(secret: string): void;
  /** Tells the screen how many requests a minute the sources allow, for an honest time left. */
  rateFrom(rate: () => number | undefined): void;
  readonly hooks: Hooks;
  /** Tells the hooks of an error that ended the run before it could finish. */
  endedBy(error: unknown): void;
  /** Whether somebody watches bytes arrive. */
  readonly wantsProgress: boolean;
  close(): Promise<void>;
}

/** Opens everything that shows or records a run, as the settings ask. */
export async function openRunReporter(invocation: Invocation): Promise<RunReporter> {
  const { settings, io } = invocation;
  const redactor = openRedactor();
  let rate: () => number | undefined = () => undefined;
  const mode = settings.progress ?? "auto";
  const screen = await openReporter({
    mode,
    json: settings.json ?? false,
    quiet: settings.quiet ?? false,
    statsMs: settings.stats ?? 60_000,
    stdout: io.stdout,
    stderr: io.stderr,
    clock: io.clock,
    color: !(settings.noColor ?? false) && !io.env.NO_COLOR,
    ratePerMinute: () => rate(),
    bytesPerSecond: settings.limitRate || undefined,
    redact: redactor,
    timezone: settings.timezone,
  });
  // -q silences the screen, never the log file.
  const spoken = settings.quiet ? undefined : settings.verbose;
  const log = openLog({
    level: levels[Math.min(spoken ?? 0, 2)] as LogLevel,
    fileLevel: levels[Math.min(settings.verbose ?? 1, 2)] as LogLevel,
    ...(spoken === undefined && settings.logFile !== undefined ? {} : { stream: screen.messages }),
    ...(settings.logFile === undefined ? {} : { file: settings.logFile }),
    trouble: screen.messages,
    format: settings.logFormat ?? "text",
    clock: io.clock,
    redact: redactor,
    timezone: settings.timezone,
  });
  const parts: Reporter[] = [screen];
  // Without either the screen has already said it.
  if (spoken !== undefined || settings.logFile !== undefined) parts.push(openEventLog(log, settings.timezone));
  const hooks = openHooks(invocation, { warn: log.warn, print: (text) => screen.messages.write(text) });
  parts.unshift(hooks);
  // Closed first: --exec-after may read it.
  if (settings.errorFile !== undefined) parts.unshift(openErrorFile(settings.errorFile));
  const all = combine(parts);
  return {
    report: all.report,
    logRequest: log.request,
    keepSecret: redactor.add,
    hooks,
    endedBy: (error) => hooks.endedBy(exitCodeOf(asRecordingError(error).code, io.stoppedBy())),
    rateFrom(from) {
      rate = from;
    },
    wantsProgress: mode === "bar" || (mode === "auto" && io.stderr.isTTY === true),
    async close() {
      await all.close();
      log.close();
    },
  };
}

const levels: readonly LogLevel[] = ["warn", "info", "debug"];

/** One line on a terminal that says how far a long command came; silent elsewhere. */
export interface Meter {
  tick(): void;
  /** Prints something without mixing with the line. */
  above(print: () => void): void;
  close(): void;
}

const everyMs = 200;

export function openMeter({ io, settings }: Invocation, line: () => string): Meter {
  const { stderr, clock } = io;
  const shown = stderr.isTTY === true && !settings.quiet && settings.progress !== "none";
  let last = clock.monotonic();
  const clear = () => {
    if (shown) stderr.write("\r\x1b[K");
  };
  const draw = () => {
    if (shown) stderr.write(`\r\x1b[K${line().slice(0, (stderr.columns ?? 80) - 1)}`);
  };
  return {
    tick() {
      const now = clock.monotonic();
      if (!shown || now - last < everyMs) return;
      last = now;
      draw();
    },
    above(print) {
      clear();
      print();
    },
    close: clear,
  };
}
