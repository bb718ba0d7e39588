import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Archive, EntryFilter, LedgerEntry } from "../core/ports.ts";
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
  /** Finished recordings of all archives, newest call first. */
  newest(filter: EntryFilter): AsyncIterable<LedgerEntry>;
  /** The archive that missing recordings are fetched into, and that keeps the audit log of what it does not hold. */
  readonly first: ShelfArchive;
}

export function openShelf(archives: readonly [ShelfArchive, ...ShelfArchive[]]): Shelf {
  return {
    first: archives[0],
    async find(key) {
      let other: Found | undefined;
      for (const archive of archives) {
        const entry = await archive.ledger.entry(key);
        if (entry?.state === "done") return { archive, entry };
        if (entry !== undefined) other ??= { archive, entry };
      }
      return other;
    },
    newest: (filter) =>
      merged(archives.map(({ ledger }) => ledger.entries({ ...filter, states: ["done"], newestFirst: true }))),
  };
}

/** Several newest-first lists as one; a recording that stands in two archives comes once. */
async function* merged(lists: readonly AsyncIterable<readonly LedgerEntry[]>[]): AsyncIterable<LedgerEntry> {
  const heads = await Promise.all(lists.map((list) => advance({ entries: flat(list), head: undefined })));
  let last: RecordingKey | undefined;
  for (;;) {
    const [first, ...others] = heads.filter((each) => each.head !== undefined);
    if (first === undefined) return;
    const next = others.reduce((best, each) => (startOf(each.head) > startOf(best.head) ? each : best), first);
    const entry = next.head as LedgerEntry;
    if (entry.ref.key !== last) yield entry;
    last = entry.ref.key;
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
