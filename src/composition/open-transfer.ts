import { availableParallelism } from "node:os";
import type { Settings } from "../cli/config.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { mostTransfers } from "../cli/options/download.ts";
import { limitRate, type Opener, openTransfer } from "../core/download/transfer.ts";
import type { Streamer, Transfer } from "../core/model/ports.ts";
import type { RequestLog } from "../http/client.ts";
import { openTransferThreads, type ThreadCounts } from "../workers/transfer-pool.ts";
import { archiveFolder, isBucket } from "./archive.ts";
import { sourceHttpSettings } from "./http.ts";
import { loginsOf, type SourceSet } from "./sources.ts";

/** The transfers of a run: the sources' clients into the destination, at `--limit-rate` together. */
export function wireTransfer(settings: Settings, { streamers }: SourceSet, destination: Opener, io: Io): Transfer {
  const rate = rateOf(settings);
  if (rate === undefined) return openTransfer(streamers, destination);
  const limited = limitRate(rate, io.clock);
  const each = Object.entries(streamers).map(([name, logins]: [string, readonly Streamer[]]) => [
    name,
    logins.map(limited),
  ]);
  return openTransfer(Object.fromEntries(each), destination);
}

/** As for curl and rclone, 0 is no limit. */
function rateOf({ limitRate }: Settings): number | undefined {
  return limitRate === 0 ? undefined : limitRate;
}

/** Fewer transfers at once leave one thread idle enough, and a thread takes a tenth of a second to start. */
const threadsFrom = 8;
/** More than two threads were never measured. */
const mostThreads = 2;

/**
 * Threads for a run's transfers into the archive; undefined where few run at once. They touch nothing before the first
 * transfer, so that they can load while everything else is opened.
 */
export async function startTransferThreads(
  invocation: Invocation,
  log: (entry: RequestLog) => void,
): Promise<Transfer | undefined> {
  const { settings, io } = invocation;
  const counts = threadCounts(invocation);
  if (counts.short === 0 || settings.dryRun || isBucket(settings)) return undefined;
  const logins = await loginsOf(invocation);
  const http = logins.map(([name, each]) => [name, each.map((login) => sourceHttpSettings(name, login, io))]);
  const thread = {
    http: Object.fromEntries(http),
    dest: archiveFolder(settings, io),
    disk: { mtime: !settings.noMtime },
    bytesPerSecond: rateOf(settings),
    logRequests: settings.verbose !== undefined || settings.logFile !== undefined,
  };
  return openTransferThreads(thread, counts, log);
}

/** A core is left to the thread that keeps the ledger, as long as recordings are short; a rate is kept by one alone. */
function threadCounts({ args, settings }: Invocation): ThreadCounts {
  const { transfers, limitRate: rate } = settings;
  const cores = availableParallelism();
  const named = args.length > 0 ? args.length : Infinity;
  if (cores === 1 || Math.min(mostTransfers(transfers), named) < threadsFrom) return { short: 0, long: 0 };
  if (rate !== undefined) return { short: 1, long: 1 };
  return { short: Math.min(mostThreads, cores - 1), long: Math.min(mostThreads, cores) };
}
