import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Archive, EntryState, LedgerEntry } from "../../core/model/ledger.ts";
import type { RecordingKey, Stored } from "../../core/model/recording.ts";
import type { Browsed, BrowseQuery, Library, Position } from "./library.ts";

/** One archive that the player reads. */
export interface SetArchive {
  /** Its folder, absolute. */
  readonly root: string;
  readonly ledger: Archive;
  readonly library: Library;
}

/** How far one archive was looked through: undefined from its newest call on. */
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
   * Finished recordings of all archives, newest call first and each once; with `missing` those too that no archive has
   * and some archive wants. Goes on after `places`, which has one place for each archive.
   */
  newest(query: SetQuery, missing: boolean, places: readonly Place[]): AsyncIterable<SetStep>;
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

  async function* newest(query: SetQuery, missing: boolean, places: readonly Place[]): AsyncIterable<SetStep> {
    const states: readonly EntryState[] = missing ? ["done", ...wanted] : ["done"];
    const walks = archives.map(({ library }, at) => walk(library, { ...query, states }, places[at]));
    const reached: Place[] = archives.map((_, at) => places[at]);
    let last: RecordingKey | undefined;
    for await (const [at, { entry, place }] of merged(walks)) {
      reached[at] = place;
      const known = entry === undefined || entry.ref.key === last || (entry.state !== "done" && (await isDone(entry)));
      if (!known) last = entry.ref.key;
      yield { entry: known ? undefined : entry, places: [...reached], inVain: entry === undefined && place !== "end" };
    }
  }

  async function isDone({ ref }: LedgerEntry): Promise<boolean> {
    return archives.length > 1 && (await find(ref.key))?.entry.state === "done";
  }

  return { first: archives[0], find, newest };
}

/** States in which a recording is worth a try. */
const wanted = ["pending", "failed"] as const;

interface Step {
  readonly entry?: LedgerEntry;
  readonly place: Place;
}

/** One archive from a place on; a step without an entry tells how far it was looked in vain. */
async function* walk(library: Library, query: BrowseQuery, place: Place): AsyncGenerator<Step> {
  if (place === "end") return;
  let after: Position | undefined = place;
  do {
    const { entries, next }: Browsed = await library.page({ ...query, ...(after && { after }) });
    for (const { entry, position } of entries) yield { entry, place: position };
    yield { place: next ?? "end" };
    after = next;
  } while (after !== undefined);
}

/** Several newest-first walks as one: each step with the number of its archive. */
async function* merged(walks: readonly AsyncGenerator<Step>[]): AsyncIterable<readonly [at: number, step: Step]> {
  const heads = await Promise.all(walks.map(async (steps) => (await steps.next()).value as Step | undefined));
  for (;;) {
    let first: number | undefined;
    for (const [at, head] of heads.entries()) {
      if (head !== undefined && (first === undefined || startOf(head) > startOf(heads[first]))) first = at;
    }
    if (first === undefined) return;
    yield [first, heads[first] as Step];
    heads[first] = (await walks[first]?.next())?.value as Step | undefined;
  }
}

/** The start down to which a step has looked. */
function startOf(step: Step | undefined): string {
  return step === undefined || step.place === "end" || step.place === undefined ? "" : step.place.start;
}

/**
 * Opens the file of a finished recording: exactly the one that the ledger names, a plain file inside the archive, on a
 * way without symbolic links, of the recorded size. Undefined when there is none.
 */
export async function openStored(root: string, stored: Stored): Promise<FileHandle | undefined> {
  const file = join(root, ...stored.path.split("/"));
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await handle.stat();
    const home = await realpath(root);
    const real = await realpath(file);
    const inside = file.startsWith(root + sep) && real === home + file.slice(root.length);
    if (inside && stat.isFile() && stat.size === stored.bytes) return handle;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (code === "EMFILE" || code === "ENFILE") throw error;
  }
  await handle?.close();
  return undefined;
}
