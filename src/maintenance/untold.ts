import type { Io } from "../cli/io.ts";
import type { Archive, EntryFilter, LedgerEntry } from "../core/model/ledger.ts";
import type { Call } from "../core/model/recording.ts";
import { formatNumberOf } from "../core/text.ts";

/** What a filter may ask of a call that the call does not always tell, and what then nobody can say. */
const untold: readonly (readonly [keyof EntryFilter & keyof Call, asked: string])[] = [
  ["direction", "the direction of the call is unknown, so nobody can tell whether it is the one asked for"],
  ["extension", "the extension of the call is unknown, so nobody can tell whether it is the one asked for"],
];

/**
 * Tells the recordings that a filter leaves out because their calls do not say when they began, in which direction or
 * with which extension. 3 where there are any, 0 otherwise, also without such a filter. Purged ones are not counted.
 */
export async function tellUntold(ledger: Archive, filter: EntryFilter, io: Io): Promise<number> {
  let code = 0;
  const tell = async (found: AsyncIterable<readonly LedgerEntry[]>, why: string, lacks = (_: Call) => true) => {
    let count = 0;
    for await (const page of found)
      count += page.filter(({ state, ref }) => state !== "purged" && lacks(ref.call)).length;
    if (count === 0) return;
    code = 3;
    io.stderr.write(`callreel: warning: ${formatNumberOf(count, "recording")} left out: ${why}.\n`);
  };
  const { window, ...others } = filter;
  if (window !== undefined) {
    const why = "the start of the call is unknown, so nobody can tell whether it is in the window";
    await tell(ledger.entries({ ...others, isUndated: true }), why);
  }
  for (const [name, why] of untold) {
    if (filter[name] === undefined) continue;
    const { [name]: _, ...rest } = filter;
    await tell(ledger.entries(rest), why, (call) => call[name] === undefined);
  }
  return code;
}
