import type { Settings } from "../config.ts";
import { limitRate } from "../core/limit-rate.ts";
import type { Destination, Streamer, Transfer } from "../core/ports.ts";
import { openTransfer } from "../core/transfer.ts";
import type { Io } from "../io.ts";
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
