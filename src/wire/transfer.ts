import { availableParallelism } from "node:os";
import type { Settings } from "../config.ts";
import { limitRate } from "../core/limit-rate.ts";
import type { Destination, Streamer, Transfer } from "../core/ports.ts";
import { openTransfer } from "../core/transfer.ts";
import type { RequestLog } from "../http.ts";
import type { Io } from "../io.ts";
import { openTransferThreads, type ThreadCounts } from "../transfer-threads.ts";
import { archiveFolder } from "./archive.ts";
import { httpSettingsOf } from "./http.ts";
import type { SourceSet } from "./source-set.ts";

/** The transfers of a run: the sources' clients into the destination, at `--limit-rate` together. */
export function wireTransfer(settings: Settings, { streamers }: SourceSet, destination: Destination, io: Io): Transfer {
  const { limitRate: bytesPerSecond } = settings;
  if (bytesPerSecond === undefined) return openTransfer(streamers, destination);
  const limited = Object.entries(streamers).map(([name, streamer]: [string, Streamer]) => [
    name,
    limitRate(streamer, bytesPerSecond, io.clock),
  ]);
  return openTransfer(Object.fromEntries(limited), destination);
}

/** Fewer transfers at once leave one thread idle enough, and a thread takes a tenth of a second to start. */
const threadsFrom = 8;
/** More than two threads were never measured. */
const mostThreads = 2;

/** Transfers into the archive: in threads of their own where many run at once. */
export function wireArchiveTransfer(
  settings: Settings,
  sources: SourceSet,
  destination: Destination,
  io: Io,
  log: (entry: RequestLog) => void,
): Transfer {
  const counts = threadCounts(settings);
  if (counts.short === 0) return wireTransfer(settings, sources, destination, io);
  const http = httpSettingsOf(settings, io);
  const thread = {
    http: Object.fromEntries(Object.keys(sources.streamers).map((name) => [name, http])),
    dest: archiveFolder(settings, io),
    disk: { mtime: !settings.noMtime },
    bytesPerSecond: settings.limitRate,
    logRequests: settings.verbose !== undefined || settings.logFile !== undefined,
  };
  return openTransferThreads(thread, counts, log);
}

/** A core is left to the thread that keeps the ledger, as long as recordings are short; a rate is kept by one alone. */
function threadCounts({ transfers, limitRate: rate }: Settings): ThreadCounts {
  const cores = availableParallelism();
  if (transfers === undefined || cores === 1) return { short: 0, long: 0 };
  if (transfers !== "auto" && transfers < threadsFrom) return { short: 0, long: 0 };
  if (rate !== undefined) return { short: 1, long: 1 };
  return { short: Math.min(mostThreads, cores - 1), long: Math.min(mostThreads, cores) };
}
