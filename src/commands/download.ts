import { randomUUID } from "node:crypto";
import type { Invocation } from "../command.ts";
import { asRecordingError, type RecordingError } from "../core/errors.ts";
import type { Summary } from "../core/events.ts";
import { formatNumberOf } from "../core/format.ts";
import type { Archive, Transfer } from "../core/ports.ts";
import { openDestination } from "../destinations/index.ts";
import { exitCodeOf, exitCodeOfRun, worst } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { selectionOf } from "../selection.ts";
import { archiveFolder, takeArchive, wireLedger } from "../wire/archive.ts";
import { noteHead } from "../wire/head.ts";
import type { Hooks } from "../wire/hooks.ts";
import { planOf } from "../wire/plan.ts";
import { selectionRecord } from "../wire/record.ts";
import { openRunReporter, type RunReporter } from "../wire/reporter.ts";
import { runDownload } from "../wire/run-download.ts";
import { openSealer, type Sealer } from "../wire/seal.ts";
import { openSources, ratePerMinute, type SourceSet } from "../wire/source-set.ts";
import { survey } from "../wire/survey.ts";
import { downloadToStdout } from "../wire/to-stdout.ts";
import { startTransferThreads, wireTransfer } from "../wire/transfer.ts";
import { type WiredWork, wireWork } from "../wire/work.ts";

/** Downloads what the selection names into the archive, and says what it came to. */
export async function download(invocation: Invocation): Promise<number> {
  const { settings, io } = invocation;
  if (settings.output === "-") return downloadToStdout(invocation);
  const selection = selectionOf(settings, io.clock.now());
  const sealer = openSealer(settings, io);
  const reporter = await openRunReporter(invocation);
  try {
    await using threads = startTransferThreads(settings, io, reporter.logRequest);
    await using sources = await openSources(invocation, { io, ...reporter });
    if (settings.dryRun) return await survey(invocation, sources, selection, reporter.report);
    const lock = await takeArchive(settings, io);
    try {
      await using ledger = await wireLedger(settings, io);
      reporter.hooks.noteIn(ledger);
      if (settings.execFailed) return await repeatHooks(ledger, reporter, io);
      const work = await wireWork(invocation, sources, selection, ledger);
      return await runIntoArchive(invocation, { sources, ledger, work, reporter, sealer, threads });
    } finally {
      lock.release();
    }
  } catch (error) {
    reporter.endedBy(error);
    throw error;
  } finally {
    await reporter.close();
  }
}

interface Parts {
  readonly sources: SourceSet;
  readonly ledger: Archive;
  readonly work: WiredWork;
  readonly reporter: RunReporter;
  readonly sealer: Sealer;
  readonly threads: Transfer | undefined;
}

async function runIntoArchive(invocation: Invocation, parts: Parts): Promise<number> {
  const { settings, io } = invocation;
  const { sources, ledger, work, reporter, threads } = parts;
  const dest = archiveFolder(settings, io);
  const plan = planOf(settings, work, reporter.wantsProgress, io.clock);
  const destination = await openDestination(dest, { mtime: !settings.noMtime, tidy: true });
  await using transfer = threads ?? wireTransfer(settings, sources, destination, io);
  const runId = randomUUID();
  const { hooks } = reporter;
  const selection = selectionRecord(invocation);
  await ledger.begin({ runId, startedMs: io.clock.now(), selection, hooked: hooks.perRecording });
  reporter.rateFrom(() => ratePerMinute(sources));
  reporter.report({ event: "run-started", runId, sources: [...sources.sources.keys()], dest });
  const summary = await runDownload(plan, { ledger, transfer, destination }, sources, io, reporter);
  if (sawEverything(summary)) await work.complete();
  const hooksFailed = await hooksOwed(hooks, ledger);
  const ended = { ...summary, ...(hooksFailed > 0 && { hooksFailed }) };
  const { told, head } = await recordEnd(ended, ledger, dest, io);
  const sealFault = head === undefined ? undefined : await sealFaultOf(parts.sealer.seal(dest, head), reporter);
  const sealCode = sealFault === undefined ? 0 : exitCodeOf(sealFault.code);
  const exitCode = worst([exitCodeOfRun(told, io.stoppedBy()), sealCode]);
  reporter.report({ event: "run-finished", exitCode, ...told, ...(head !== undefined && { head }) });
  return exitCode;
}

/** Why the head could not be sealed: that undoes nothing, and the next run's seal covers this one too. */
async function sealFaultOf(sealed: Promise<void>, { report }: RunReporter): Promise<RecordingError | undefined> {
  try {
    await sealed;
    return undefined;
  } catch (thrown) {
    const error = asRecordingError(thrown);
    report({ event: "notice", level: "warning", message: `The head is not sealed: ${error.message}` });
    return error;
  }
}

/** Also what earlier runs left: a hook that failed is not forgotten by the next night's run. */
async function hooksOwed({ perRecording, settled }: Hooks, ledger: Archive): Promise<number> {
  await settled();
  return perRecording ? ledger.hooksOwedCount() : 0;
}

/** Repeats the commands that are owed, and says how it went. */
async function repeatHooks(ledger: Archive, { hooks, report }: RunReporter, io: Io): Promise<number> {
  const { done, failed } = await hooks.repeat();
  const message = `--exec repeated for ${formatNumberOf(done + failed, "recording")}, ${failed} failed.`;
  report({ event: "notice", level: failed > 0 ? "warning" : "info", message });
  if (io.stop.aborted) throw io.stop.reason;
  return (await ledger.hooksOwedCount()) > 0 ? 3 : 0;
}

/** Where the disk has no room for the run's record, its end is told all the same; the next run closes the record. */
async function recordEnd(
  summary: Summary,
  ledger: Archive,
  dest: string,
  { stoppedBy }: Io,
): Promise<{ readonly told: Summary; readonly head?: string }> {
  try {
    await ledger.finish(summary, exitCodeOfRun(summary, stoppedBy()));
    return { told: summary, head: await noteHead(dest, ledger) };
  } catch (thrown) {
    const { code, message } = asRecordingError(thrown);
    if (code === "bug") throw thrown;
    return { told: { ...summary, stoppedBy: summary.stoppedBy ?? { code, message } } };
  }
}

/** A run that ended early has not seen the whole listing: the next one must start where this one did. */
function sawEverything(summary: Summary): boolean {
  return summary.stoppedBy === undefined;
}
