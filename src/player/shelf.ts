import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Archive, EntryFilter, EntryState, LedgerEntry } from "../core/ports.ts";
import type { RecordingKey, Stored } from "../core/recording.ts";

/** One archive that the player reads. */
export interface ShelfArchive {
  /** Its folder, absolute. */
  readonly root: string;
  readonly ledger: Archive;
}

export interface Found {
  readonly archive: ShelfArchive;
  readonly entry: LedgerEntry;
}

/** The archives side by side. */
export interface Shelf {
  /** The entry of a recording, a finished one before any other. */
  find(key: RecordingKey): Promise<Found | undefined>;
  /**
   * Finished recordings of all archives, newest call first and each once; with `missing` those too that no archive has
   * and some archive wants.
   */
  newest(filter: EntryFilter, missing?: boolean): AsyncIterable<LedgerEntry>;
  /** The archive that missing recordings are fetched into, and that keeps the audit log of what it does not hold. */
  readonly first: ShelfArchive;
}

export function openShelf(archives: readonly [ShelfArchive, ...ShelfArchive[]]): Shelf {
  async function find(key: RecordingKey): Promise<Found | undefined> {
    let other: Found | undefined;
    for (const archive of archives) {
      const entry = await archive.ledger.entry(key);
      if (entry?.state === "done") return { archive, entry };
      if (entry !== undefined) other ??= { archive, entry };
    }
    return other;
  }

  async function* newest(filter: EntryFilter, missing = false): AsyncIterable<LedgerEntry> {
    const states: readonly EntryState[] = missing ? ["done", ...wanted] : ["done"];
    const lists = archives.map(({ ledger }) => ledger.entries({ ...filter, states, newestFirst: true }));
    let last: RecordingKey | undefined;
    for await (const entry of merged(lists)) {
      const elsewhere = entry.state !== "done" && archives.length > 1 ? await find(entry.ref.key) : undefined;
      if (elsewhere?.entry.state === "done" || entry.ref.key === last) continue;
      last = entry.ref.key;
      yield entry;
    }
  }

  return { first: archives[0], find, newest };
}

/** States in which a recording is worth a try. */
const wanted = ["pending", "claimed", "failed"] as const;

/** Several newest-first lists as one. */
async function* merged(lists: readonly AsyncIterable<readonly LedgerEntry[]>[]): AsyncIterable<LedgerEntry> {
  const heads = await Promise.all(lists.map((list) => advance({ entries: flat(list), head: undefined })));
  for (;;) {
    const [first, ...others] = heads.filter((each) => each.head !== undefined);
    if (first === undefined) return;
    const next = others.reduce((best, each) => (startOf(each.head) > startOf(best.head) ? each : best), first);
    yield next.head as LedgerEntry;
    await advance(next);
  }
}

interface Head {
  readonly entries: AsyncIterator<LedgerEntry>;
  head: LedgerEntry | undefined;
}

async function advance(head: Head): Promise<Head> {
  const { value, done } = await head.entries.next();
  head.head = done ? undefined : value;
  return head;
}

async function* flat(pages: AsyncIterable<readonly LedgerEntry[]>): AsyncGenerator<LedgerEntry> {
  for await (const page of pages) yield* page;
}

/** The start by which entries are sorted. */
export function startOf(entry: LedgerEntry | undefined): string {
  return entry?.ref.call.start ?? "";
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
