import { join } from "node:path";
import type { Archive, LedgerEntry } from "../core/model/ledger.ts";
import { transcriptExtension, transcriptNames } from "../core/transcripts/names.ts";
import { removeFile } from "../destinations/disk/part-files.ts";
import { keepText } from "../destinations/disk/transcript-file.ts";
import { type FoundTranscripts, findTranscripts } from "../destinations/disk/transcripts.ts";

type Noted = Pick<LedgerEntry, "ref" | "stored" | "transcripts">;

/** Finds all transcripts that stand beside a recording's audio. */
export type FindTranscripts = (of: Pick<LedgerEntry, "stored" | "transcripts">) => Promise<FoundTranscripts>;

/** Finds them in a folder. */
export function besideFiles(root: string): FindTranscripts {
  return ({ stored }) => findTranscripts(root, stored?.path ?? "");
}

/**
 * Notes the transcripts beside a recording that the ledger does not know yet; those that it knows keep the hash that they
 * came with. Returns the paths of the new ones.
 */
export async function noteTranscripts(
  find: FindTranscripts,
  { ref, stored, transcripts: known = [] }: Noted,
  ledger: Archive,
): Promise<readonly string[]> {
  if (stored === undefined) return [];
  const { transcripts, spoken } = await find({ stored, transcripts: known });
  const names = new Set(known.map(({ path }) => path));
  const fresh = transcripts.filter(({ path }) => !names.has(path));
  if (fresh.length > 0) await ledger.noteTranscripts(ref.key, [...known, ...fresh], spoken);
  return fresh.map(({ path }) => path);
}

/** A held recording, as the ledger has it. */
export type Held = LedgerEntry & Required<Pick<LedgerEntry, "stored">>;

export function isHeld(entry: LedgerEntry | undefined): entry is Held {
  return entry?.state === "done" && entry.stored !== undefined;
}

/** A text that belongs beside an audio file; the path is relative to the archive. */
export interface Text {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The ways in which an archive takes texts beside its audio. */
export interface Beside {
  /** Whether it was put there: what stands by that name already stays. */
  put(entry: Held, text: Text): boolean | Promise<boolean>;
  readonly find: FindTranscripts;
  remove(path: string): unknown;
}

/** Those of a folder. */
export function besideInFolder(root: string): Beside {
  return {
    put: ({ ref, stored }, text) => keepText(root, { ...text, key: ref.key, audio: stored.path }),
    find: besideFiles(root),
    remove: (path) => removeFile(join(root, path)),
  };
}

/**
 * Puts a text beside a recording's audio and notes it; says whether it did, for what stands by that name already stays. A
 * recording that is purged meanwhile keeps nothing of it.
 */
export async function keepBeside(beside: Beside, entry: Held, text: Text, ledger: Archive): Promise<boolean> {
  const isKept = await beside.put(entry, text);
  const failure = await failureOf(noteTranscripts(beside.find, entry, ledger));
  const now = await ledger.entry(entry.ref.key);
  if (now?.stored?.path !== entry.stored.path) {
    // What a purge deletes while it is being read is no failure.
    if (isKept) await beside.remove(text.path);
    return false;
  }
  if (failure !== undefined) throw failure.thrown;
  return isKept;
}

async function failureOf(work: Promise<unknown>): Promise<{ readonly thrown: unknown } | undefined> {
  try {
    await work;
    return undefined;
  } catch (thrown) {
    return { thrown };
  }
}

/**
 * Notes the transcripts of all recordings held in a folder of the archive (`""` is all of it) as they stand now; counts
 * the recordings of which another one, another text or one less is known by that.
 */
export async function noteTranscriptsAnew(
  find: FindTranscripts,
  folder: string,
  ledger: Archive,
  stop: AbortSignal,
): Promise<number> {
  let count = 0;
  for await (const page of ledger.entries({ states: ["done"] })) {
    for (const { ref, stored, transcripts: known = [] } of page) {
      stop.throwIfAborted();
      if (stored === undefined || (folder !== "" && !stored.path.startsWith(`${folder}/`))) continue;
      const { transcripts, spoken } = await find({ stored, transcripts: known });
      if (JSON.stringify(transcripts) === JSON.stringify(known)) continue;
      await ledger.noteTranscripts(ref.key, transcripts, spoken);
      count += 1;
    }
  }
  return count;
}

/** Notes those of some files that are transcripts of held recordings, entry by entry. */
export function openLaterTranscripts(find: FindTranscripts, ledger: Archive, files: readonly string[]) {
  const candidates = new Set(files.filter((path) => transcriptExtension(path) !== undefined));
  let count = 0;
  return {
    count: () => count,
    /** The paths that this entry's recording has by them. */
    async note(entry: LedgerEntry): Promise<readonly string[]> {
      if (candidates.size === 0 || entry.stored === undefined) return [];
      if (!transcriptNames(entry.stored.path).some((path) => candidates.has(path))) return [];
      const noted = await noteTranscripts(find, entry, ledger);
      count += noted.length;
      return noted;
    },
  };
}
