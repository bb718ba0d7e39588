import { momentText } from "../core/local-time.ts";
import type { Clock } from "../core/model/ports.ts";
import { formatBytes, formatCount, formatDuration, formatNumberOf, formatRate } from "../core/text.ts";
import { forPeople } from "../core/width.ts";
import { listingText, waitingText } from "./bar-texts.ts";
import { openEarlyLine } from "./early-line.ts";
import { openFold } from "./fold.ts";
import { openMessages } from "./messages.ts";
import { openSink } from "./output.ts";
import { openPaint } from "./paint.ts";
import { openProgress, type Progress, type ProgressSettings } from "./progress.ts";
import { quietLines, summaryLines } from "./summary.ts";
import type { Screen, TerminalStream } from "./terminal.ts";

export interface PlainSettings extends ProgressSettings {
  readonly clock: Clock;
  readonly stream: TerminalStream;
  /** Only warnings and failures; nothing at all when all went well. */
  readonly quiet: boolean;
  readonly statsMs: number;
  readonly color: boolean;
  readonly redact: (text: string) => string;
  /** The zone of the times that people read; the system's unless given. */
  readonly timezone?: string | undefined;
}

/** For logs and pipes: a line now and then, each failure and warning as it happens, and a closing summary. */
export function openPlainReporter(settings: PlainSettings): Screen {
  const { quiet, color, clock, redact, timezone } = settings;
  const now = () => momentText(clock.now(), timezone);
  const sink = openSink(settings.stream, 0);
  const print = (line: string) => sink.write(forPeople(`${line}\n`, settings.stream));
  const progress = openProgress(settings);
  const messageOf = openMessages({ quiet, redact, paint: openPaint(color) });
  const early = openEarlyLine({
    clock,
    progress,
    look: settings,
    print: (line) => print(`${now()} ${line}`),
  });
  const fold = openFold(clock.monotonic);
  const ended = new AbortController();
  let ticking = false;

  async function tick(): Promise<void> {
    ticking = true;
    for (;;) {
      await clock.sleep(settings.statsMs, ended.signal);
      const rest = [listingText(progress, settings), waitingText(progress, settings)];
      print(`${now()} ${statsLine(progress, rest)}`);
    }
  }

  return {
    messages: { write: (text) => sink.write(forPeople(text, settings.stream)) },
    report(event) {
      progress.hear(event);
      if (!quiet) early.hear(event);
      // It ends by rejecting when the run ends.
      if (event.event === "run-started" && !quiet && !ticking) tick().catch(() => {});
      const message = messageOf(event);
      if (message !== undefined) fold.say(message, (repeated) => print(`${message}${repeated}`));
      if (event.event !== "run-finished") return;
      fold.flush();
      ended.abort();
      early.close();
      for (const line of quiet ? quietLines(event, { color, timezone }) : summaryLines(event, { color, timezone }))
        print(`${redact(line)}`);
    },
    async close() {
      ended.abort();
      early.close();
      fold.flush();
      await sink.close();
    },
  };
}

function statsLine(progress: Progress, rest: readonly (string | undefined)[]): string {
  const { handled, total, isGrowing, bytes, failed, skipped } = progress;
  const rate = progress.rate();
  const eta = progress.etaMs();
  const recordings =
    total === undefined
      ? formatNumberOf(handled, "recording")
      : `${formatCount(handled)} of ${isGrowing ? `${formatCount(total)}+ recordings` : formatNumberOf(total, "recording")}`;
  return [
    recordings,
    formatBytes(bytes),
    ...(rate === undefined ? [] : [formatRate(rate)]),
    ...(eta === undefined ? [] : [`≈ ${formatDuration(eta)} left`]),
    ...(skipped === 0 ? [] : [`${formatCount(skipped)} skipped`]),
    ...(failed === 0 ? [] : [`${formatCount(failed)} failed`]),
    ...rest.filter((part) => part !== undefined),
  ].join(", ");
}
