import type { Settings } from "../cli/config.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { mostTransfers } from "../cli/options/download.ts";
import { limitRate, type Opener, openTransfer } from "../core/download/transfer.ts";
import type { Destination, Streamer, Transfer } from "../core/model/ports.ts";
import type { RequestLog } from "../http/client.ts";
import { openTransferThreads, threadCounts } from "../workers/transfer-pool.ts";
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

/** The transfers of a run into the archive: in this thread, and in others too where many may run at once. */
export async function wireArchiveTransfer(
  invocation: Invocation,
  sources: SourceSet,
  destination: Destination,
  log: (entry: RequestLog) => void,
): Promise<Transfer> {
  const { settings, io } = invocation;
  const here = wireTransfer(settings, sources, destination, io);
  const counts = threadCounts(mostAtOnce(invocation));
  // One thread alone can keep a rate.
  if (counts === undefined || isBucket(settings) || rateOf(settings) !== undefined) return here;
  const logins = await loginsOf(invocation);
  const http = logins.map(([name, each]) => [name, each.map((login) => sourceHttpSettings(name, login, io))]);
  const thread = {
    http: Object.fromEntries(http),
    dest: archiveFolder(settings, io),
    disk: { mtime: !settings.noMtime },
    logRequests: settings.verbose !== undefined || settings.logFile !== undefined,
  };
  return openTransferThreads(thread, counts, here, io.clock, log);
}

/** How many run at once at most. */
function mostAtOnce({ args, settings }: Invocation): number {
  return Math.min(mostTransfers(settings.transfers), args.length > 0 ? args.length : Infinity);
}
