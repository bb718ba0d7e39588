import type { Writable } from "node:stream";
import type { Clock, Reporter } from "../core/model/ports.ts";
import type { Redactor } from "../core/redact.ts";
import { openJsonReporter } from "./json.ts";
import type { Screen, TerminalStream } from "./terminal.ts";

export interface ReporterSettings {
  /** `auto`: bars when stderr is a terminal, else plain lines. */
  readonly mode: "auto" | "bar" | "plain" | "json" | "none";
  /** NDJSON on stdout, whatever `mode` shows on stderr. */
  readonly json: boolean;
  /** Nothing when all went well. */
  readonly quiet: boolean;
  /** Between plain lines; a minute unless told. */
  readonly statsMs?: number;
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  readonly clock: Clock;
  /** Whether to colour: --no-color and NO_COLOR have been looked at already. */
  readonly color: boolean;
  /** Applied to every sentence. */
  readonly redact?: Pick<Redactor, "clean">;
  readonly ratePerMinute?: () => number | undefined;
  /** `--limit-rate`, in bytes a second. */
  readonly bytesPerSecond?: number | undefined;
  readonly total?: number;
  /** The zone of the times that people read; the system's unless given. */
  readonly timezone?: string | undefined;
}

/** Opens what shows a run, and the place where others may print meanwhile. */
export async function openReporter(settings: ReporterSettings): Promise<Screen> {
  const screen = await openScreen(settings);
  if (!settings.json) return screen;
  const json = openJsonReporter({ stream: settings.stdout, ...common(settings) });
  return { ...combine([json, screen]), messages: screen.messages };
}

/** Tells several reporters the same; closes them one after the other, for the first may still have something to say through the last. */
export function combine(reporters: readonly Reporter[]): Reporter {
  return {
    report(event) {
      for (const reporter of reporters) reporter.report(event);
    },
    async close() {
      for (const reporter of reporters) await reporter.close();
    },
  };
}

async function openScreen(settings: ReporterSettings): Promise<Screen> {
  const { stderr, quiet, color, total, ratePerMinute, bytesPerSecond, timezone } = settings;
  const shown = {
    ...common(settings),
    stream: stderr,
    timezone,
    bytesPerSecond,
    color: color && stderr.isTTY === true,
    ...(total === undefined ? {} : { total }),
    ...(ratePerMinute === undefined ? {} : { ratePerMinute }),
  };
  switch (chosenMode(settings)) {
    case "bar": {
      const { openBarReporter } = await import("./bar.ts");
      return openBarReporter(shown);
    }
    case "plain": {
      const { openPlainReporter } = await import("./plain.ts");
      return openPlainReporter({ ...shown, quiet, statsMs: settings.statsMs ?? 60_000 });
    }
    case "json":
      return { ...openJsonReporter(shown), messages: lines(stderr) };
    case "none":
      return { ...noReporter, messages: lines(stderr) };
  }
}

/** Bars need a terminal of their own: with --json on the same terminal the events are what is looked at. */
function chosenMode({ mode, json, quiet, stdout, stderr }: ReporterSettings): "bar" | "plain" | "json" | "none" {
  if (mode === "none" || mode === "json") return mode;
  const shared = json && stdout.isTTY === true && stderr.isTTY === true;
  if (shared && mode === "auto") return quiet ? "plain" : "none";
  return stderr.isTTY === true && mode !== "plain" && !quiet && !shared ? "bar" : "plain";
}

function common({ clock, redact }: ReporterSettings) {
  return { clock, redact: redact?.clean ?? ((text: string) => text) };
}

function lines(stream: Writable): Screen["messages"] {
  return {
    write(text) {
      if (!stream.destroyed) stream.write(text);
    },
  };
}

/** Shows nothing. */
export const noReporter: Reporter = {
  report() {},
  async close() {},
};
