import type { Io } from "../cli/io.ts";
import type { Archive, EntryFilter, EntryState } from "../core/model/ledger.ts";
import { formatNumberOf } from "../core/text.ts";

const notHeld: readonly EntryState[] = ["pending", "claimed", "failed", "gone", "no-recording", "forbidden"];

/**
 * Tells the recordings that a filter selects but the archive does not hold: what is made of the selection lacks them. 3 where
 * any may still be had, 0 otherwise, also where all of them are proven to be unobtainable. Purged ones are not counted.
 */
export async function tellNotHeld(ledger: Archive, filter: EntryFilter, io: Io): Promise<number> {
  let [wanted, proven] = [0, 0];
  for await (const page of ledger.entries({ ...filter, states: notHeld })) {
    const settled = page.filter(({ evidence }) => evidence?.proven).length;
    proven += settled;
    wanted += page.length - settled;
  }
  const tell = (count: number, why: string) => {
    if (count > 0) io.stderr.write(`callreel: warning: ${formatNumberOf(count, "recording")} left out: ${why}.\n`);
  };
  tell(proven, "not held, and proven to be unobtainable");
  tell(wanted, "known, but not held: callreel status says why, and callreel download fetches what can still be had");
  return wanted > 0 ? 3 : 0;
}
