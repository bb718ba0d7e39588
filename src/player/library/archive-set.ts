import type { Archive, EntryState, LedgerEntry } from "../../core/model/ledger.ts";
import type { RecordingKey } from "../../core/model/recording.ts";
import type { PresignedUrls, Store } from "../../core/model/store.ts";
import type { Browsed, BrowseQuery, Library, Position, Sort } from "./library.ts";

/** One archive that the player reads. */
export interface SetArchive {
  /** Its finished files; in a folder those on ways without symbolic links. */
  readonly store: Store;
  /** Listeners are sent on to the store for audio. */
  readonly presigned?: PresignedUrls;
  readonly ledger: Archive;
  readonly library: Library;
}

/** How far one archive was looked through: undefined from its first call on. */
export type Place = Position | "end" | undefined;

export type SetQuery = Omit<BrowseQuery, "states" | "after">;

export interface SetStep {
  /** Absent where there was nothing new up to these places. */
  readonly entry: LedgerEntry | undefined;
  /** Whether a whole look found nothing more. */
  readonly inVain: boolean;
  /** Where to go on after this step. */
  readonly places: readonly Place[];
}

export interface Found {
  readonly archive: SetArchive;
  readonly entry: LedgerEntry;
}

/** The archives side by side. */
export interface ArchiveSet {
  /** The entry of a recording, a finished one before any other. */
  find(key: RecordingKey): Promise<Found | undefined>;
  /**
   * Finished recordings of all archives in the order asked for, each once; with `missing` those too that no archive has
   * and some archive wants. Goes on after `places`, which has one place for each archive.
   */
  walk(query: SetQuery, missing: boolean, places: readonly Place[]): AsyncIterable<SetStep>;
  /**
   * How many finished recordings fit; what several archives hold counts for each of them. A search by text is not counted
   * much beyond `most`. Undefined when given up.
   */
  count(query: SetQuery, most: number, signal: AbortSignal): Promise<number | undefined>;
  readonly archives: readonly SetArchive[];
  /** The archive that missing recordings are fetched into, and that keeps the audit log of what it does not hold. */
  readonly first: SetArchive;
}

export function openArchiveSet(archives: readonly [SetArchive, ...SetArchive[]]): ArchiveSet {
  async function find(key: RecordingKey): Promise<Found | undefined> {
    let other: Found | undefined;
    for (const archive of archives) {
      const entry = await archive.ledger.entry(key);
      if (entry?.state === "done") return { archive, entry };
      if (entry !== undefined) other ??= { archive, entry };
    }
    return other;
  }

  async function* walkAll(query: SetQuery, missing: boolean, places: readonly Place[]): AsyncIterable<SetStep> {
    const states: readonly EntryState[] = missing ? ["done", ...wanted] : ["done"];
    const walks = archives.map(({ library }, at) => walkOne(library, { ...query, states }, places[at]));
    const reached: Place[] = archives.map((_, at) => places[at]);
    let last: RecordingKey | undefined;
    for await (const [at, { entry, place }] of merged(walks, query.sort ?? "newest")) {
      reached[at] = place;
      const known = entry === undefined || entry.ref.key === last || (await isElsewhere(entry, archives[at]));
      if (!known) last = entry.ref.key;
      yield { entry: known ? undefined : entry, places: [...reached], inVain: entry === undefined && place !== "end" };
    }
  }

  /** Whether another archive is the one to show it from. */
  async function isElsewhere({ ref, state }: LedgerEntry, archive: SetArchive | undefined): Promise<boolean> {
    if (archives.length === 1) return false;
    const found = await find(ref.key);
    return found?.entry.state === "done" && (state !== "done" || found.archive !== archive);
  }

  async function count(query: SetQuery, most: number, signal: AbortSignal): Promise<number | undefined> {
    let count = 0;
    for (const { library } of archives) {
      let after: Position | undefined;
      do {
        const piece = await library.count({ ...query, states: ["done"], ...(after && { after }) });
        count += piece.count;
        after = piece.next;
        if (signal.aborted) return undefined;
        if (query.text !== undefined && count > most) return count;
      } while (after !== undefined);
    }
    return count;
  }

  return { first: archives[0], archives, find, walk: walkAll, count };
}

/** States in which a recording is worth a try. */
const wanted = ["pending", "failed"] as const;

interface Step {
  readonly entry?: LedgerEntry;
  readonly place: Place;
}

/** One archive from a place on; a step without an entry tells how far it was looked in vain. */
async function* walkOne(library: Library, query: BrowseQuery, place: Place): AsyncGenerator<Step> {
  if (place === "end") return;
  let after: Position | undefined = place;
  do {
    const { entries, next }: Browsed = await library.page({ ...query, ...(after && { after }) });
    for (const { entry, position } of entries) yield { entry, place: position };
    yield { place: next ?? "end" };
    after = next;
  } while (after !== undefined);
}

/** Several walks in one order as one: each step with the number of its archive. */
async function* merged(
  walks: readonly AsyncGenerator<Step>[],
  sort: Sort,
): AsyncIterable<readonly [at: number, step: Step]> {
  const heads = await Promise.all(walks.map(async (steps) => (await steps.next()).value as Step | undefined));
  for (;;) {
    let first: number | undefined;
    for (const [at, head] of heads.entries()) {
      if (head !== undefined && (first === undefined || isBefore(head, heads[first] as Step, sort))) first = at;
    }
    if (first === undefined) return;
    yield [first, heads[first] as Step];
    heads[first] = (await walks[first]?.next())?.value as Step | undefined;
  }
}

/** Whether one step has come less far than another; an end comes last. */
function isBefore({ place: one }: Step, { place: other }: Step, sort: Sort): boolean {
  if (typeof one !== "object") return false;
  if (typeof other !== "object") return true;
  return sort === "newest" || sort === "longest" ? one.at > other.at : one.at < other.at;
}
