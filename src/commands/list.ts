import type { Invocation } from "../cli/io.ts";
import { type Column, tablePrinter, tableWidth, writeOut } from "../cli/table.ts";
import { openLeftOut } from "../composition/left-out.ts";
import { wireWork } from "../composition/open-work.ts";
import { selectionOf } from "../composition/plan.ts";
import { openRunReporter } from "../composition/reporter.ts";
import { openSources } from "../composition/sources.ts";
import type { Work } from "../core/download/work.ts";
import { timeText } from "../core/local-time.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { RecordingRef } from "../core/model/recording.ts";
import { isUncertain } from "../core/selection.ts";
import { formatDuration, formatNumberOf } from "../core/text.ts";
import { listArchive } from "../maintenance/archive-list.ts";

/** Prints the recordings a selection names: a table, or NDJSON that `download --rows -` takes. */
export async function list(invocation: Invocation): Promise<number> {
  const { io, settings } = invocation;
  if (settings.archive) return listArchive(invocation);
  if (invocation.flags.name !== undefined || invocation.flags.text !== undefined) {
    throw new RecordingError("usage", "list: --name and --text look into the archive; add --archive.");
  }
  const reporter = await openRunReporter({ ...invocation, settings: { ...settings, json: false } });
  const leftOut = openLeftOut();
  const hear = (event: DownloadEvent) => {
    leftOut.hear(event);
    const isUnreadable = event.event === "recording-skipped" && isUncertain(event.reason);
    if (isUnreadable || ["row-rejected", "notice", "incomplete"].includes(event.event)) reporter.report(event);
  };
  try {
    await using sources = await openSources(invocation, { io, ...reporter });
    const { work } = await wireWork(invocation, sources, await selectionOf(settings, io.clock.now()), {});
    const count = await printWork(work, hear, invocation);
    if (!settings.json && !settings.quiet) io.stderr.write(`${formatNumberOf(count, "recording")}\n`);
  } finally {
    await reporter.close();
  }
  leftOut.tell(io);
  return leftOut.exitCode();
}

/** Prints each recording once and hands the events on; returns how many recordings there were. */
async function printWork(
  work: AsyncIterable<Work>,
  hear: (event: DownloadEvent) => void,
  { io, settings }: Invocation,
): Promise<number> {
  const print = settings.json ? printLines : tablePrinter(columnsIn(settings.timezone), tableWidth(io.stdout));
  const seen = new Set<string>();
  for await (const { events, refs } of work) {
    for (const event of events) hear(event);
    const fresh = refs.filter((ref) => !seen.has(ref.key) && seen.add(ref.key));
    await writeOut(print(fresh), io);
  }
  await writeOut(print([]), io);
  return seen.size;
}

function printLines(refs: readonly RecordingRef[]): string {
  return refs.map((ref) => `${JSON.stringify(ref)}\n`).join("");
}

const columnsIn = (timezone: string | undefined): readonly Column<RecordingRef>[] => [
  { title: "START", value: ({ call }) => timeText(call.start, timezone), telling: true },
  { title: "DIRECTION", value: ({ call }) => call.direction ?? "", optional: true },
  { title: "FROM", value: ({ call }) => call.from ?? "" },
  { title: "TO", value: ({ call }) => call.to ?? "" },
  {
    title: "LENGTH",
    optional: true,
    align: "right",
    value: ({ call }) => (call.duration === undefined ? "" : formatDuration(call.duration * 1000)),
  },
  { title: "RECORDING", value: ({ key }) => key, telling: true, tail: true },
];
