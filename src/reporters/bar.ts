import { MultiBar, type Options, type SingleBar } from "cli-progress";
import type { Clock } from "../core/model/ports.ts";
import { forPeople } from "../core/width.ts";
import { fileRow, statusRow, totalRow } from "./bar-texts.ts";
import { openEarlyLine } from "./early-line.ts";
import { openFold } from "./fold.ts";
import { openMessages } from "./messages.ts";
import { openSink } from "./output.ts";
import { openPaint } from "./paint.ts";
import { openProgress, type ProgressSettings } from "./progress.ts";
import { summaryLines } from "./summary.ts";
import type { Screen } from "./terminal.ts";
import { openTerminal, type TerminalStream } from "./terminal.ts";

export interface BarSettings extends ProgressSettings {
  readonly clock: Clock;
  readonly stream: TerminalStream;
  readonly color: boolean;
  readonly redact: (text: string) => string;
  /** The zone of the times that people read; the system's unless given. */
  readonly timezone?: string | undefined;
}

/**
 * Bars on a terminal: the whole run, what it waits for, and at most `rows - 3` recordings on their way. Messages stand
 * above the bars. `close` puts the terminal right before its first await, so that even a hasty exit leaves it usable.
 */
export function openBarReporter(settings: BarSettings): Screen {
  const { stream, color, redact, timezone } = settings;
  const paint = openPaint(color);
  const sink = openSink(stream, 0);
  const progress = openProgress(settings);
  const messageOf = openMessages({ quiet: false, redact, paint });
  const fold = openFold(settings.clock.monotonic);
  const terminal = openTerminal(stream, sink.write);
  let state: "before" | "drawing" | "after" = "before";
  const early = openEarlyLine({
    clock: settings.clock,
    progress,
    look: settings,
    print: (line) => state === "before" && print(`${line}\n`),
  });

  const rowOf = (slot: number, columns: number): string => {
    const look = { columns, paint, redact, timezone };
    if (slot === 0) return totalRow(progress, look);
    if (slot === 1) return statusRow(progress, look);
    const flight = slot - 2 < fileRows(stream) ? [...progress.inFlight][slot - 2] : undefined;
    return flight === undefined ? "" : fileRow(flight[0], flight[1], look);
  };
  const bars = openBars(terminal, rowOf, () => askSize());

  let asking = false;
  const onResize = () => {
    terminal.resized();
    if (!asking) bars.draw();
  };
  // The signal that tells of a new size comes late: a frame drawn for the old one would wipe the wrong lines.
  const askSize = () => {
    asking = true;
    stream._refreshSize?.();
    asking = false;
  };

  function start(): void {
    state = "drawing";
    stream.on("resize", onResize);
    bars.want(2);
  }

  function stop(): void {
    early.close();
    if (state === "drawing") {
      stream.off("resize", onResize);
      bars.stop();
    }
    state = "after";
  }

  function print(text: string): void {
    const shown = forPeople(text, stream);
    if (state === "drawing") bars.print(shown);
    else sink.write(shown);
  }

  return {
    messages: { write: print },
    report(event) {
      progress.hear(event);
      early.hear(event);
      if (state === "before" && event.event === "run-started") start();
      if (state === "drawing" && event.event === "recording-started") {
        bars.want(2 + Math.min(progress.inFlight.size, fileRows(stream)));
      }
      const message = messageOf(event);
      if (message !== undefined) fold.say(message, (repeated) => print(`${message}${repeated}\n`));
      if (event.event !== "run-finished") return;
      fold.flush();
      stop();
      for (const line of summaryLines(event, { color, timezone })) print(`${redact(line)}\n`);
    },
    close() {
      fold.flush();
      stop();
      return sink.close();
    },
  };
}

/** How many recordings may be shown: all rows but the two above them and one that stays free. */
function fileRows(stream: TerminalStream): number {
  return Math.max(0, (stream.rows || 24) - 3);
}

interface Bars {
  /** Draws this many rows from the next frame on; never fewer than before, or the rows would jump. */
  want(rows: number): void;
  print(text: string): void;
  draw(): void;
  stop(): void;
}

/** cli-progress as the clock of frames and the keeper of rows; what a row says is `rowOf`. */
function openBars(
  terminal: ReturnType<typeof openTerminal>,
  rowOf: (slot: number, columns: number) => string,
  beforeFrame: () => void,
): Bars {
  const rows: SingleBar[] = [];
  // Its types leave out that it takes a terminal of one's own.
  const options: Options & { terminal: unknown } = {
    terminal,
    fps: 10,
    hideCursor: true,
    linewrap: false,
    clearOnComplete: true,
    forceRedraw: true,
    gracefulExit: false,
    format: (_options, { maxWidth }, { slot }: { slot: number }) => rowOf(slot, maxWidth),
  };
  const multi = new MultiBar(options);
  multi.on("update-pre", beforeFrame);
  multi.on("update-post", terminal.flush);
  return {
    want(count) {
      while (rows.length < count) rows.push(multi.create(1, 0, { slot: rows.length }));
    },
    print: (text) => multi.log(text),
    draw: () => multi.update(),
    stop() {
      // Messages of the last moment are still with it.
      multi.update();
      multi.stop();
      terminal.flush();
    },
  };
}
