import type { Invocation } from "../command.ts";
import type { Archive } from "../core/ports.ts";
import type { RecordingKey } from "../core/recording.ts";
import { takeArchive } from "./archive.ts";
import { runIntoArchive } from "./into-archive.ts";
import { openRunReporter } from "./reporter.ts";
import { openSealer } from "./seal.ts";
import { openSources } from "./source-set.ts";
import { startTransferThreads } from "./transfer.ts";

const batchSize = 500;

/**
 * Fetches again what the archive calls held and `verify` found missing or damaged, each into its own place; what stands
 * there goes only when the new file is safe. Returns the run's exit code.
 */
export async function repairFiles(asked: Invocation, ledger: Archive, keys: readonly RecordingKey[]): Promise<number> {
  const invocation = { ...asked, settings: { ...asked.settings, forceOverwrites: true } };
  const { settings, io } = invocation;
  const sealer = openSealer(settings, io);
  const reporter = await openRunReporter(invocation);
  try {
    await using threads = await startTransferThreads(invocation, reporter.logRequest);
    await using sources = await openSources(invocation, { io, ...reporter });
    const lock = await takeArchive(settings, io);
    try {
      const work = { work: workOf(keys, ledger), named: [], complete: async () => {} };
      reporter.hooks.noteIn(ledger);
      return await runIntoArchive(invocation, { sources, ledger, work, reporter, sealer, threads });
    } finally {
      lock.release();
    }
  } finally {
    await reporter.close();
  }
}

async function* workOf(keys: readonly RecordingKey[], ledger: Archive) {
  for (let at = 0; at < keys.length; at += batchSize) {
    const entries = await ledger.entriesOf(keys.slice(at, at + batchSize));
    const refs = entries.flatMap((entry) => (entry?.state === "done" ? [{ ...entry.ref, insist: true as const }] : []));
    yield { refs, events: [] };
  }
}
