import type { Archive, LedgerEntry } from "../core/model/ledger.ts";
import type { RecordingKey } from "../core/model/recording.ts";
import type { Store } from "../core/model/store.ts";
import { type Difference, type Subset, verifyEntries } from "../core/proof/verify.ts";
import { openListing } from "../destinations/disk/directory-listing.ts";
import { sidecarHash } from "../destinations/disk/sidecar.ts";
import { filesExcept, pathsOfEntry } from "./adoption.ts";
import { openBesideObjects } from "./beside-objects.ts";
import { openHashing } from "./hash-files.ts";
import { besideFiles, type FindTranscripts, openLaterTranscripts } from "./transcripts.ts";

export interface FileChecks {
  readonly subset: Subset | undefined;
  readonly differs: (difference: Difference) => void;
  /** Told after each file. */
  readonly checked: (bytes: number) => void;
  readonly stop: AbortSignal;
  /** How the objects of a bucket are looked at; files are read. */
  readonly objects?: { readonly reads: boolean; readonly timezone: string | undefined };
}

export interface FilesVerified {
  /** Recordings whose files are damaged or lost. */
  readonly broken: readonly RecordingKey[];
  /** Files of a run that is at work, which it has not recorded yet. */
  readonly arriving: number;
  /** Transcripts that had come since and are known now. */
  readonly noted: number;
}

/**
 * Every file that the ledger calls done, and those that it does not know; notes in the ledger what is damaged and what is
 * no longer. What other processes do meanwhile (download, fetch again, purge) is no difference.
 */
export async function verifyFiles(
  root: string,
  store: Store,
  ledger: Archive,
  { subset, differs, checked, stop, objects }: FileChecks,
): Promise<FilesVerified> {
  const broken = new Set<RecordingKey>();
  const known = new Set<string>();
  const look = objects && (await (await import("./object-look.ts")).openObjectLook(store, ledger, objects));
  await using files = openHashing(root, store, stop);
  const listing = openListing(root);
  const ports = {
    hash: look?.hash ?? ((path: string, _: RecordingKey, bytes: number) => files.hash(path, bytes)),
    sidecarHash: (path: string) => sidecarHash(root, path, listing.has),
    checked,
    stop,
  };
  const told = (difference: Difference) => {
    if (difference.key !== undefined && !difference.transcript && fileFaults.has(difference.kind))
      broken.add(difference.key);
    differs(difference);
  };

  /** Looks at a page's files, again where entries have changed meanwhile, and tells what is wrong after what `before` tells. */
  async function verifyPage(page: readonly LedgerEntry[], before: Promise<void>): Promise<void> {
    const damage = new Map<RecordingKey, string | undefined>();
    for (let looked = page; looked.length > 0; ) {
      const found: Difference[] = [];
      const add = (difference: Difference) => void found.push(difference);
      const damaged = (key: RecordingKey, message: string | undefined) => damage.set(key, message);
      look?.begins(looked, add);
      await verifyEntries([looked], subset, look?.atOnce ?? files.atOnce, { ...ports, differs: add, damaged });
      await before;
      const changed = await changedSince(looked, found, ledger);
      for (const difference of found) if (!changed.has(difference.key ?? "")) told(difference);
      for (const key of changed.keys()) damage.delete(key);
      looked = [...changed.values()].filter((entry) => entry?.state === "done") as LedgerEntry[];
    }
    if (damage.size > 0) await ledger.noteDamage(damage);
    await look?.settle();
    // What was told to stop has left files out.
    stop.throwIfAborted();
  }

  let last = Promise.resolve();
  try {
    for await (const page of stoppable(ledger.entries({ states: ["done"] }), stop)) {
      for (const path of subset === undefined ? page.flatMap(pathsOfEntry) : []) known.add(path);
      if (look === undefined) {
        const bytes = page.reduce((sum, { stored }) => sum + (stored?.bytes ?? 0), 0);
        files.expect(page.length / (subset?.of ?? 1), bytes / (subset?.of ?? 1));
      }
      const before = last;
      last = verifyPage(page, before);
      last.catch(() => {});
      // The next page is asked for while this one is read, so that no thread waits; objects are looked at page by page.
      await (look === undefined ? before : last);
    }
  } finally {
    await last;
  }
  const none = { arriving: 0, noted: 0 };
  const beside =
    objects === undefined
      ? () => besideFiles(root)
      : (paths: readonly string[]) => openBesideObjects(store, new Set(paths));
  const unknown = subset === undefined ? await verifyUnknown(known, beside, store, ledger, differs, stop) : none;
  return { broken: [...broken], ...unknown };
}

/** What a new file mends. */
const fileFaults: ReadonlySet<Difference["kind"]> = new Set(["missing", "changed", "unreadable"]);

/** The recordings with a difference whose entries are others by now: purged, or with another file. */
async function changedSince(
  page: readonly LedgerEntry[],
  found: readonly Difference[],
  ledger: Archive,
): Promise<ReadonlyMap<RecordingKey, LedgerEntry | undefined>> {
  const keys = [...new Set(found.map(({ key = "" }) => key))];
  if (keys.length === 0) return new Map();
  const before = new Map(page.map((entry) => [entry.ref.key, fileOf(entry)]));
  const now = await ledger.entriesOf(keys);
  const entries = keys.map((key, at) => [key, now[at]] as const);
  return new Map(entries.filter(([key, entry]) => fileOf(entry) !== before.get(key)));
}

function fileOf(entry: LedgerEntry | undefined): string {
  return JSON.stringify([
    ...[entry?.stored?.path, entry?.stored?.sha256, entry?.state === "purged"],
    entry?.transcripts?.map(({ sha256 }) => sha256),
  ]);
}

/** Files that no entry names (`known` are those that one did), looked at twice: a run may bring files all the time. Counts those that it has yet to record. */
async function verifyUnknown(
  known: ReadonlySet<string>,
  beside: (paths: readonly string[]) => FindTranscripts,
  store: Store,
  ledger: Archive,
  differs: (difference: Difference) => void,
  stop: AbortSignal,
): Promise<Omit<FilesVerified, "broken">> {
  const unreadable = (path: string, message: string) => differs({ kind: "unreadable", path, message });
  const candidates: string[] = [];
  for await (const path of filesExcept(known, store, { stop, unreadable })) candidates.push(path);
  if (candidates.length === 0) return { arriving: 0, noted: 0 };
  // Asked before the entries are read once more: a run that has ended by then has recorded all its files.
  const since = await ledger.livingSince();
  const left = new Set(candidates);
  const later = openLaterTranscripts(beside(candidates), ledger, candidates);
  for await (const page of stoppable(ledger.entries({ states: ["done"] }), stop)) {
    for (const path of page.flatMap(pathsOfEntry)) left.delete(path);
    for (const entry of page) for (const path of await later.note(entry)) left.delete(path);
  }
  let arriving = 0;
  for (const path of left) {
    const changed = (await store.stat(path))?.changedMs;
    if (changed === undefined) continue;
    if (since !== undefined && changed >= since - clockSlackMs) arriving += 1;
    else differs({ kind: "unknown-file", path, message: "the ledger has no entry for it; callreel adopt records it" });
  }
  return { arriving, noted: later.count() };
}

/** File systems stamp with the time of the last tick, or with another machine's. */
const clockSlackMs = 2_000;

/** The pages, until the program is asked to stop. */
export async function* stoppable<T>(pages: AsyncIterable<T>, stop: AbortSignal): AsyncIterable<T> {
  for await (const page of pages) {
    stop.throwIfAborted();
    yield page;
  }
}
