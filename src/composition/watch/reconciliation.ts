import type { Invocation } from "../../cli/io.ts";
import type { DownloadEvent } from "../../core/model/events.ts";
import { wireWork } from "../open-work.ts";
import { selectionOf } from "../plan.ts";
import { openSources } from "../sources.ts";
import { runBeside, withLedger } from "./run-beside.ts";
import type { Voice } from "./voice.ts";
import { withSettings } from "./watch-settings.ts";

/**
 * Brings the archive up to what the call log says, as `download --since last` does: everything since the last time that it
 * was listed whole, less the look-back, and what earlier runs owe. Resolves with the run's exit code.
 */
export async function reconcile(
  invocation: Invocation,
  voice: Voice,
  hear: (event: DownloadEvent) => void,
): Promise<number> {
  const run = withSettings(invocation, { since: "last", progress: "plain" });
  await using sources = await openSources(run, { io: run.io, ...voice.reporter });
  return await withLedger(run, async (ledger) => {
    const work = await wireWork(run, sources, await selectionOf(run.settings, run.io.clock.now()), ledger);
    return (await runBeside(run, sources, ledger, work, hear)).exitCode;
  });
}
