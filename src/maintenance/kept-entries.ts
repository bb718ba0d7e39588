import type { Io } from "../cli/io.ts";
import { type Hold, holdsOver } from "../core/holds.ts";
import type { Archive, LedgerEntry } from "../core/model/ledger.ts";
import { printable } from "../core/text.ts";

/** What a purge may delete of a selection, and what a legal hold keeps. */
export interface Parted {
  readonly free: readonly LedgerEntry[];
  readonly kept: readonly LedgerEntry[];
}

/** Parts a selection by the holds in force, and tells of each recording that is kept why. */
export async function partByHolds(chosen: readonly LedgerEntry[], ledger: Archive, io: Io): Promise<Parted> {
  const holds = await ledger.holds();
  const parted: { free: LedgerEntry[]; kept: LedgerEntry[] } = { free: [], kept: [] };
  for (const entry of chosen) {
    const over = holdsOver(holds, entry.ref);
    parted[over.length === 0 ? "free" : "kept"].push(entry);
    if (over.length > 0) io.stderr.write(keptLine(entry.stored?.path ?? entry.ref.key, over));
  }
  return parted;
}

/** `not purged: ringcentral/…/401.mp3 is under hold-3 (litigation)`. */
export function keptLine(what: string, holds: readonly Hold[]): string {
  return `not purged: ${printable(what)} is under ${holdsInWords(holds)}\n`;
}

/** `hold-1 (a reason), hold-3`. */
export function holdsInWords(holds: readonly Hold[]): string {
  return holds.map(({ name, reason }) => (reason === undefined ? name : `${name} (${printable(reason)})`)).join(", ");
}
