import { randomUUID } from "node:crypto";
import { exitCodeOf, exitCodeOfRun, worst } from "../cli/exit-codes.ts";
import type { Invocation, Io } from "../cli/io.ts";
import type { DownloadPlan, DownloadPorts } from "../core/download/download-plan.ts";
import { download } from "../core/download/run.ts";
import type { Work } from "../core/download/work.ts";
import type { Listed } from "../core/model/catalogue.ts";
import { asRecordingError, type ErrorCode, RecordingError } from "../core/model/errors.ts";
import type { DownloadEvent, Summary } from "../core/model/events.ts";
import type { Archive } from "../core/model/ledger.ts";
import { openDestination } from "../destinations/index.ts";
import { openLedger } from "../ledgers/index.ts";
import { archiveFolder, archiveName } from "./archive.ts";
import { wireDestination } from "./destination.ts";
import { type Sealer, selectionRecord } from "./head-and-seals.ts";
import type { Hooks } from "./hooks.ts";
import { openInsights } from "./insights.ts";
import { profileOf } from "./kept-logins.ts";
import { lostHead, lostHeadMeans, noteHead } from "./noted-head.ts";
import { wireArchiveTransfer, wireTransfer } from "./open-transfer.ts";
import { type WiredWork, wireWork } from "./open-work.ts";
import { planOf, selectionOf } from "./plan.ts";
import { openRunReporter, type RunReporter } from "./reporter.ts";
import { openSources, ratePerMinute, type SourceSet } from "./sources.ts";
import { keepNumbers, transfersOf } from "./transfer-numbers.ts";
import { openVoicemailTexts } from "./voicemail-texts.ts";

/** What a run into the archive needs, opened by whoever starts it. */
export interface Parts {
  readonly sources: SourceSet;
  readonly ledger: Archive;
  readonly work: WiredWork;
  readonly reporter: RunReporter;
  readonly sealer: Sealer;
  /** Set for a run that does not hold the archive's lock: others may be at work. */
  readonly beside?: boolean;
}

/** Brings what the work names into the archive, records the run, seals its head, and returns the exit code. */
export async function runIntoArchive(invocation: Invocation, parts: Parts): Promise<number> {
  const { settings, io } = invocation;
  const { sources, ledger, work, reporter, beside } = parts;
  const dest = archiveFolder(settings, io);
  const transfers = transfersOf(settings, sources.links, io);
  const { hooks, report } = reporter;
  const { voicemail, insights: source, login } = sources.sources.get("ringcentral") ?? {};
  const texts = openVoicemailTexts(invocation, { voicemail, ledger, report, settled: hooks.settled });
  const insights = openInsights(invocation, {
    source: settings.insights ? source : undefined,
    login,
    ledger,
    report,
    settled: hooks.settled,
    timeLeft: work.timeLeft,
  });
  const otherLines = work.otherLines?.map((line) => ({ ...line, work: texts.noting(line.work) }));
  const noted = { ...work, work: texts.noting(work.work), ...(otherLines && { otherLines }) };
  const plan = { ...planOf(settings, noted, reporter.wantsProgress, transfers), outlastsOthers: !beside };
  const destination = await wireDestination(settings, io, ledger, reporter, beside);
  await using transfer = beside
    ? wireTransfer(settings, sources, destination, io)
    : await wireArchiveTransfer(invocation, sources, destination, reporter.logRequest);
  const runId = randomUUID();
  const selection = selectionRecord(invocation);
  await ledger.begin({ runId, startedMs: io.clock.now(), selection, hooked: hooks.perRecording });
  reporter.rateFrom(() => ratePerMinute(sources));
  reporter.report({
    event: "run-started",
    runId,
    sources: [...sources.sources.keys()],
    dest: archiveName(settings, io),
    ...(settings.eachProfile ? { profile: profileOf(settings) } : {}),
  });
  if ((await lostHead(dest, ledger)) !== undefined)
    report({ event: "notice", level: "warning", message: `${lostHeadMeans}. callreel verify tells more.` });
  const heard = (event: DownloadEvent) => {
    insights.hear(event);
    report(event);
  };
  const downloaded = await runDownload(plan, { ledger, transfer, destination }, sources, io, { report: heard });
  keepNumbers(transfers, settings, io);
  const lost = [
    ...(sawEverything(downloaded) ? await texts.fetch() : []),
    ...(sawEverything(downloaded) || isCapped(downloaded) ? await insights.fetch() : []),
  ];
  const summary = withLost(downloaded, lost);
  // Texts that are missing are found again by listing the same messages once more.
  if (sawEverything(summary) && lost.length === 0) await work.complete();
  const hooksFailed = await hooksOwed(hooks, ledger);
  const ended = withHooks(summary, hooksFailed, io);
  const { told, head } = await recordEnd(ended, ledger, dest, io, listedWhole(summary, work));
  const sealFault = head === undefined ? undefined : await sealFaultOf(parts.sealer.seal(dest, head), reporter);
  const sealCode = sealFault === undefined ? 0 : exitCodeOf(sealFault.code);
  const exitCode = worst([exitCodeOfRun(told, io.stoppedBy()), sealCode]);
  reporter.report({ event: "run-finished", exitCode, ...told, ...(head !== undefined && { head }) });
  return exitCode;
}

/** The summary with the texts of voicemail and the insights that could not be had. */
function withLost(summary: Summary, lost: readonly ErrorCode[]): Summary {
  if (lost.length === 0) return summary;
  if (lost.includes("interrupted")) return { ...summary, stoppedBy: { code: "interrupted", message: "Interrupted." } };
  const incomplete = [...new Set([...(summary.incomplete ?? []), ...lost])];
  const reasons = { ...summary.reasons, incomplete: (summary.reasons.incomplete ?? 0) + lost.length };
  return { ...summary, incomplete, reasons };
}

/** Why the head could not be sealed: that undoes nothing, and the next run's seal covers this one too. */
async function sealFaultOf(sealed: Promise<void>, { report }: RunReporter): Promise<RecordingError | undefined> {
  try {
    await sealed;
    return undefined;
  } catch (thrown) {
    const error = asRecordingError(thrown);
    report({ event: "notice", level: "warning", message: `The archive's head could not be sealed: ${error.message}` });
    return error;
  }
}

/** Also what earlier runs left: a hook that failed is not forgotten by the next night's run. */
async function hooksOwed({ perRecording, settled }: Hooks, ledger: Archive): Promise<number> {
  await settled();
  return perRecording ? ledger.hooksOwedCount() : 0;
}

/** Whoever stops a run while only its commands are still at work has stopped it, where that leaves any of them owed. */
function withHooks(summary: Summary, hooksFailed: number, { stop }: Io): Summary {
  if (hooksFailed === 0) return summary;
  if (!stop.aborted || summary.stoppedBy !== undefined) return { ...summary, hooksFailed };
  const { code, message } = asRecordingError(stop.reason);
  return { ...summary, hooksFailed, stoppedBy: { code, message } };
}

/** Where the disk has no room for the run's record, its end is told all the same; the next run closes the record. */
async function recordEnd(
  summary: Summary,
  ledger: Archive,
  dest: string,
  { stoppedBy }: Io,
  listed: readonly Listed[],
): Promise<{ readonly told: Summary; readonly head?: string }> {
  try {
    await ledger.finish(summary, exitCodeOfRun(summary, stoppedBy()), listed);
    return { told: summary, head: await noteHead(dest, ledger) };
  } catch (thrown) {
    const { code, message } = asRecordingError(thrown);
    if (code === "bug") throw thrown;
    return { told: { ...summary, stoppedBy: summary.stoppedBy ?? { code, message } } };
  }
}

/** What the run can vouch for that all of it was listed: rows that cannot be read may have been of any call. */
function listedWhole(summary: Summary, { listed }: WiredWork): readonly Listed[] {
  const uncertain = ["unknown-start", "unknown-field"].some((reason) => (summary.reasons[reason] ?? 0) > 0);
  return !sawEverything(summary) || summary.rejected > 0 || uncertain ? [] : (listed?.() ?? []);
}

/** A run that ended early has not seen the whole listing: the next one must start where this one did. */
function sawEverything(summary: Summary): boolean {
  return summary.stoppedBy === undefined;
}

/** A run that may go on, though no further recordings are to come. */
function isCapped({ stoppedBy }: Summary): boolean {
  return stoppedBy?.code === "cap-reached";
}

/** `-o -`: the audio of exactly one recording to stdout, raw, from the first bytes that are known to be audio. */
export async function downloadToStdout(invocation: Invocation): Promise<number> {
  const { io } = invocation;
  if (io.stdout.isTTY) {
    throw new RecordingError("usage", "-o - writes audio, but stdout is a terminal: pipe it into a player or a file.");
  }
  const { output: _output, json: _json, ...settings } = invocation.settings;
  const reporter = await openRunReporter({ ...invocation, settings });
  try {
    await using sources = await openSources(invocation, { io, ...reporter });
    await using ledger = await openLedger("memory", { clock: io.clock, pid: io.pid });
    await ledger.begin({ runId: "stdout", startedMs: io.clock.now(), selection: {} });
    const selection = await selectionOf(settings, io.clock.now());
    const wired = await wireWork(invocation, sources, selection, {});
    const work = exactlyOne(wired.work);
    const destination = await openDestination("-", { stdout: io.stdout });
    await using transfer = wireTransfer(settings, sources, destination, io);
    const plan = planOf(settings, { ...wired, work }, reporter.wantsProgress, 1);
    const summary = await runDownload(plan, { ledger, transfer, destination }, sources, io, reporter);
    if (summary.stoppedBy !== undefined) throw new RecordingError(summary.stoppedBy.code, summary.stoppedBy.message);
    return exitCodeOfRun(summary);
  } finally {
    await reporter.close();
  }
}

/** Two recordings in one pipe would be no audio file: anything but one is refused before a byte is written. */
async function* exactlyOne(work: AsyncIterable<Work>): AsyncIterable<Work> {
  const refs = new Map<string, Work["refs"][number]>();
  for await (const piece of work) {
    for (const ref of piece.refs) refs.set(ref.key, ref);
    if (refs.size > 1) break;
  }
  if (refs.size !== 1) {
    const found = refs.size === 0 ? "none" : "more";
    throw new RecordingError("usage", `-o - takes exactly one recording, but the selection has ${found}.`);
  }
  yield { refs: [...refs.values()], events: [] };
}

type RunParts = Pick<DownloadPorts, "ledger" | "transfer" | "destination">;

/** Runs the core's download with the world it needs: the clock, chance, signals, and who hears of it. */
export function runDownload(
  plan: DownloadPlan,
  parts: RunParts,
  { links }: SourceSet,
  io: Io,
  { report }: Pick<RunReporter, "report">,
): Promise<Summary> {
  const ports = { ...parts, sources: links, clock: io.clock, random: io.random, report };
  return download(plan, ports, { stop: io.stop, abort: io.abort });
}
