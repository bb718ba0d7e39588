import type { Invocation } from "../../cli/io.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { DownloadEvent, Summary } from "../../core/model/events.ts";
import type { Archive } from "../../core/model/ledger.ts";
import { ledgerDatabase, takeArchive, wireLedger } from "../archive.ts";
import { runIntoArchive } from "../archive-run.ts";
import { openSealer } from "../head-and-seals.ts";
import type { WiredWork } from "../open-work.ts";
import { agreeOnPaths } from "../path-agreement.ts";
import { openRunReporter, type RunReporter } from "../reporter.ts";
import type { SourceSet } from "../sources.ts";

/** What a run came to. */
export interface RunEnd {
  readonly summary: Summary;
  readonly exitCode: number;
}

/**
 * Opens the archive's ledger for a while, as a guest: downloads, listeners and checks go on beside, and a ledger in a
 * database is shared as downloads share it. Throws `locked` while somebody needs it alone.
 */
export async function withLedger<T>({ settings, io }: Invocation, work: (ledger: Archive) => Promise<T>): Promise<T> {
  const lock = ledgerDatabase(settings) === undefined ? undefined : await takeArchive(settings, io, "shared");
  try {
    await using ledger = await wireLedger(settings, io);
    await agreeOnPaths(settings, ledger);
    return await work(ledger);
  } finally {
    await lock?.release();
  }
}

/** One run into the archive, recorded like every other; what ended it early is thrown, unless it was a signal. */
export async function runBeside(
  invocation: Invocation,
  sources: SourceSet,
  ledger: Archive,
  work: WiredWork,
  hear: (event: DownloadEvent) => void,
): Promise<RunEnd> {
  const reporter = await openRunReporter(invocation);
  let summary: Summary | undefined;
  const report = (event: DownloadEvent) => {
    if (event.event === "run-finished") summary = event;
    reporter.report(event);
    hear(event);
  };
  try {
    const parts = { sources, ledger, work, sealer: openSealer(invocation.settings, invocation.io) };
    reporter.hooks.noteIn(ledger);
    const heard: RunReporter = { ...reporter, report };
    const exitCode = await runIntoArchive(invocation, { ...parts, reporter: heard, beside: true });
    return endOf(summary, exitCode);
  } catch (error) {
    reporter.endedBy(error);
    throw error;
  } finally {
    await reporter.close();
  }
}

function endOf(summary: Summary | undefined, exitCode: number): RunEnd {
  if (summary === undefined) throw new RecordingError("bug", "A run ended without a word.");
  const { stoppedBy } = summary;
  if (stoppedBy !== undefined && stoppedBy.code !== "interrupted") {
    throw new RecordingError(stoppedBy.code, stoppedBy.message);
  }
  return { summary, exitCode };
}
