import type { Call, RecordingRef } from "../model/recording.ts";

/** Finds the recording of a call that is only described. */
export interface CallFinder {
  /**
   * The recordings whose call began then, as far as both tell with the same direction, extension and other party; one of
   * the last two must agree.
   */
  find(call: Call): readonly RecordingRef[];
}

export interface FinderSettings {
  /** A start in milliseconds; local ones and instants may be read as if of one zone where `zoned` is false. */
  readonly startMs: (start: string | undefined) => number | undefined;
  /** Whether starts are exact; else the zone is unknown, and they may lie whole hours apart. */
  readonly zoned: boolean;
}

/** Clocks of the two systems that wrote the start may differ by this much. */
const toleranceMs = 10_000;
const hourMs = 3_600_000;
const slots = hourMs / toleranceMs;
/** Zones lie between UTC-12 and UTC+14. */
const farthestMs = 14 * hourMs;

/** A finder over recordings with known calls; those without a start are never found. */
export function openCallFinder(refs: Iterable<RecordingRef>, { startMs, zoned }: FinderSettings): CallFinder {
  const bySlot = new Map<number, { readonly ref: RecordingRef; readonly ms: number }[]>();
  for (const ref of refs) {
    const ms = startMs(ref.call.start);
    if (ms === undefined) continue;
    const slot = slotOf(ms);
    const there = bySlot.get(slot);
    if (there === undefined) bySlot.set(slot, [{ ref, ms }]);
    else there.push({ ref, ms });
  }
  const fits = (apartMs: number) => {
    if (zoned) return apartMs <= toleranceMs;
    const beside = apartMs % hourMs;
    return apartMs <= farthestMs + toleranceMs && Math.min(beside, hourMs - beside) <= toleranceMs;
  };
  return {
    find(call) {
      const ms = startMs(call.start);
      if (ms === undefined) return [];
      const near = [-1, 0, 1].flatMap((step) => bySlot.get((slotOf(ms) + step + slots) % slots) ?? []);
      return near.filter((each) => fits(Math.abs(each.ms - ms)) && isSame(each.ref.call, call)).map(({ ref }) => ref);
    },
  };
}

function slotOf(ms: number): number {
  return Math.floor((((ms % hourMs) + hourMs) % hourMs) / toleranceMs);
}

function isSame(row: Call, call: Call): boolean {
  const evidence = [sameDirection(row, call), sameExtension(row, call), sameParty(row, call)];
  return !evidence.includes(false) && evidence.slice(1).includes(true);
}

/** A call between colleagues is inbound for one and outbound for the other. */
function sameDirection(row: Call, call: Call): boolean | undefined {
  const given = [row.direction, call.direction];
  return given.includes(undefined) || given.includes("internal") ? undefined : row.direction === call.direction;
}

function sameExtension(row: Call, call: Call): boolean | undefined {
  if (row.extension === undefined || call.extension === undefined) return undefined;
  return row.extension === call.extension;
}

function sameParty(row: Call, call: Call): boolean | undefined {
  const party = lastDigits(call.direction === "inbound" ? call.from : call.to);
  const known = [row.from, row.to].map(lastDigits).filter((digits) => digits !== undefined);
  return party === undefined || known.length === 0 ? undefined : known.includes(party);
}

/** Prefixes differ between systems (+1, 001, none), the last seven digits do not; extensions are shorter. */
function lastDigits(party: string | undefined): string | undefined {
  if (party === undefined || !/^[+()\d\s./-]+$/.test(party)) return undefined;
  const digits = party.replace(/\D/g, "");
  return digits === "" ? undefined : digits.slice(-7);
}
