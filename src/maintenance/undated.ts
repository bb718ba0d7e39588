import type { Io } from "../cli/io.ts";
import type { Archive, EntryFilter } from "../core/model/ledger.ts";
import { formatNumberOf } from "../core/text.ts";

/**
 * Tells the recordings that a window of time leaves out because nobody knows when their calls began. 3 where there are
 * any, 0 otherwise, also without a window. Purged ones are not counted.
 */
export async function tellUndated(ledger: Archive, { window, ...filter }: EntryFilter, io: Io): Promise<number> {
  if (window === undefined) return 0;
  let count = 0;
  for await (const page of ledger.entries({ ...filter, isUndated: true })) {
    count += page.filter(({ state }) => state !== "purged").length;
  }
  if (count === 0) return 0;
  const them = formatNumberOf(count, "recording");
  io.stderr.write(
    `warning: ${them} left out: the start of the call is unknown, so nobody can tell whether it is in the window.\n`,
  );
  return 3;
}
