import { randomUUID } from "node:crypto";
import type { Invocation } from "../command.ts";
import { asRecordingError, type RecordingError } from "../core/errors.ts";
import type { Summary } from "../core/events.ts";
import type { Archive, Transfer } from "../core/ports.ts";
import { openDestination } from "../destinations/index.ts";
import { exitCodeOf, exitCodeOfRun, worst } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { archiveFolder } from "./archive.ts";
import { noteHead } from "./head.ts";
import type { Hooks } from "./hooks.ts";
import { planOf } from "./plan.ts";
import { selectionRecord } from "./record.ts";
import type { RunReporter } from "./reporter.ts";
import { runDownload } from "./run-download.ts";
import type { Sealer } from "./seal.ts";
import { ratePerMinute, type SourceSet } from "./source-set.ts";
import { wireTransfer } from "./transfer.ts";
import type { WiredWork } from "./work.ts";

/** What a run into the archive needs, opened by whoever starts it. */
export interface Parts {
  readonly sources: SourceSet;
  readonly ledger: Archive;
  readonly work: WiredWork;
  readonly reporter: RunReporter;
  readonly sealer: Sealer;
  readonly threads: Transfer | undefined;
}

/** Brings what the work names into the archive, records the run, seals its head, and returns the exit code. */
export async function runIntoArchive(invocation: Invocation, parts: Parts): Promise<number> {
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
