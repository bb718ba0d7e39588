import type { Invocation } from "../command.ts";
import { formatNumberOf } from "../core/format.ts";
import type { Archive } from "../core/ports.ts";
import type { Io } from "../io.ts";
import { selectionOf } from "../selection.ts";
import { takeArchive, wireLedger } from "../wire/archive.ts";
import { runIntoArchive } from "../wire/into-archive.ts";
import { openRunReporter, type RunReporter } from "../wire/reporter.ts";
import { openSealer } from "../wire/seal.ts";
import { openSources } from "../wire/source-set.ts";
import { survey } from "../wire/survey.ts";
import { downloadToStdout } from "../wire/to-stdout.ts";
import { startTransferThreads } from "../wire/transfer.ts";
import { wireWork } from "../wire/work.ts";

/** Downloads what the selection names into the archive, and says what it came to. */
export async function download(invocation: Invocation): Promise<number> {
  const { settings, io } = invocation;
  if (settings.output === "-") return downloadToStdout(invocation);
  const selection = selectionOf(settings, io.clock.now());
  const sealer = openSealer(settings, io);
  const reporter = await openRunReporter(invocation);
  try {
    await using threads = await startTransferThreads(invocation, reporter.logRequest);
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

/** Repeats the commands that are owed, and says how it went. */
async function repeatHooks(ledger: Archive, { hooks, report }: RunReporter, io: Io): Promise<number> {
  const { done, failed } = await hooks.repeat();
  const message = `--exec repeated for ${formatNumberOf(done + failed, "recording")}, ${failed} failed.`;
  report({ event: "notice", level: failed > 0 ? "warning" : "info", message });
  if (io.stop.aborted) throw io.stop.reason;
  return (await ledger.hooksOwedCount()) > 0 ? 3 : 0;
}
