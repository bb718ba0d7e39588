import type { Invocation } from "../command.ts";
import { RecordingError } from "../core/errors.ts";
import type { Work } from "../core/work.ts";
import { openDestination } from "../destinations/index.ts";
import { exitCodeOfRun } from "../exit-codes.ts";
import { openLedger } from "../ledgers/index.ts";
import { selectionOf } from "../selection.ts";
import { planOf } from "./plan.ts";
import { openRunReporter } from "./reporter.ts";
import { runDownload } from "./run-download.ts";
import { openSources } from "./source-set.ts";
import { wireTransfer } from "./transfer.ts";
import { wireWork } from "./work.ts";

/** `-o -`: the audio of exactly one recording to stdout, raw, from the first bytes that are known to be audio. */
export async function downloadToStdout(invocation: Invocation): Promise<number> {
  const { io } = invocation;
  if (io.stdout.isTTY) {
    throw new RecordingError("usage", "-o - writes audio, and stdout is a terminal: pipe it into a player or a file.");
  }
  const { output: _output, json: _json, ...settings } = invocation.settings;
  const reporter = await openRunReporter({ ...invocation, settings });
  try {
    await using sources = await openSources(invocation, { io, ...reporter });
    await using ledger = await openLedger("memory", { clock: io.clock, pid: io.pid });
    await ledger.begin({ runId: "stdout", startedMs: io.clock.now(), selection: {} });
    const selection = selectionOf(settings, io.clock.now());
    const wired = await wireWork(invocation, sources, selection, {});
    const work = exactlyOne(wired.work);
    const destination = await openDestination("-", { stdout: io.stdout });
    await using transfer = wireTransfer(settings, sources, destination, io);
    const plan = { ...planOf(settings, { ...wired, work }, reporter.wantsProgress, io.clock), transfers: 1 };
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
    throw new RecordingError("usage", `-o - takes exactly one recording, and the selection has ${found}.`);
  }
  yield { refs: [...refs.values()], events: [] };
}
