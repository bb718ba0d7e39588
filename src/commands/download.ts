import type { Invocation, Io } from "../cli/io.ts";
import { requireLedger, takeArchive, wireLedger } from "../composition/archive.ts";
import { downloadToStdout, runIntoArchive } from "../composition/archive-run.ts";
import { survey } from "../composition/dry-run.ts";
import { forEachProfile } from "../composition/each-profile.ts";
import { openSealer } from "../composition/head-and-seals.ts";
import { type MetricsNotes, withMetrics } from "../composition/metrics.ts";
import { wireWork } from "../composition/open-work.ts";
import { agreeOnPaths } from "../composition/path-agreement.ts";
import { selectionOf } from "../composition/plan.ts";
import { openRunReporter, type RunReporter } from "../composition/reporter.ts";
import { openSources, refuseWithoutLogin } from "../composition/sources.ts";
import type { Archive } from "../core/model/ledger.ts";
import { formatNumberOf } from "../core/text.ts";

/** Downloads what the selection names into the archive, and says what it came to. */
export function download(invocation: Invocation): Promise<number> {
  return forEachProfile(invocation, (each) => withMetrics(each, (notes) => measured(each, notes)));
}

async function measured(invocation: Invocation, metrics: MetricsNotes): Promise<number> {
  const { settings, io } = invocation;
  if (settings.output === "-") return downloadToStdout(invocation);
  const selection = await selectionOf(settings, io.clock.now());
  const sealer = openSealer(settings, io);
  const reporter = await openRunReporter(invocation);
  try {
    await using sources = await openSources(invocation, { io, ...reporter });
    using _ = metrics.budgetsOf(sources);
    if (!settings.execFailed) refuseWithoutLogin(sources, settings);
    if (settings.dryRun) return await survey(invocation, sources, selection, reporter.report);
    if (settings.pending || settings.execFailed) await requireLedger(settings, io);
    const lock = await takeArchive(settings, io, "shared");
    try {
      await using ledger = await wireLedger(settings, io);
      await agreeOnPaths(settings, ledger);
      reporter.hooks.noteIn(ledger);
      if (settings.execFailed) return await repeatHooks(ledger, reporter, io);
      const work = await wireWork(invocation, sources, selection, ledger, { threaded: true });
      return await runIntoArchive(invocation, { sources, ledger, work, reporter, sealer });
    } finally {
      await lock.release();
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
