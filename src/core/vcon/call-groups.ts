import type { LedgerEntry } from "../model/ledger.ts";

/** The recordings of one call: its legs, in the order in which they began. */
export type CallGroup = readonly LedgerEntry[];

/** Legs of one call begin within so long: a session that comes again later is another call. */
const longestCallMs = 36 * 3_600_000;

/**
 * Joins recordings into calls, by what their system says of it (the session); one without a session is a call of its own.
 * `entries` come oldest first; a call is given out as soon as no further leg of it can come, so that memory does not grow
 * with the archive.
 */
export function openCallGroups(startOf: (entry: LedgerEntry) => number) {
  const open = new Map<string, { readonly startMs: number; readonly legs: LedgerEntry[] }>();
  const inOrder = (legs: readonly LedgerEntry[]) => [...legs].sort((one, other) => startOf(one) - startOf(other));
  const close = (isOver: (startMs: number) => boolean): CallGroup[] => {
    const over = [...open].filter(([, { startMs }]) => isOver(startMs));
    for (const [session] of over) open.delete(session);
    return over.map(([, { legs }]) => inOrder(legs));
  };
  return {
    /** Takes a page in; the calls that are whole by now. */
    add(page: readonly LedgerEntry[]): CallGroup[] {
      const whole: CallGroup[] = [];
      for (const entry of page) {
        const startMs = startOf(entry);
        // Two systems write their times differently, so they may come a day crossed.
        whole.push(...close((begun) => Math.abs(startMs - begun) > 2 * longestCallMs));
        const session = sessionOf(entry);
        const known = session === undefined ? undefined : open.get(session);
        if (session === undefined) whole.push([entry]);
        else if (known !== undefined && Math.abs(startMs - known.startMs) <= longestCallMs) known.legs.push(entry);
        else {
          if (known !== undefined) whole.push(inOrder(known.legs));
          open.set(session, { startMs, legs: [entry] });
        }
      }
      return whole;
    },
    /** The calls that are left. */
    end: () => close(() => true),
  };
}

function sessionOf({ ref: { source, call } }: LedgerEntry): string | undefined {
  return call.session === undefined ? undefined : JSON.stringify([source, call.account ?? "", call.session]);
}
