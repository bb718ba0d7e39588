import { createHash } from "node:crypto";
import type { LedgerEntry } from "../core/model/ledger.ts";
import type { Store } from "../core/model/store.ts";
import { transcriptExtension, transcriptNames } from "../core/transcripts/names.ts";
import { joinedSpoken, type Transcript } from "../core/transcripts/spoken.ts";
import { siblingsOf } from "../destinations/disk/incoming.ts";
import { type FoundTranscripts, linesOf, mostTranscriptBytes, tooLarge } from "../destinations/disk/transcripts.ts";

const nothing: FoundTranscripts = { transcripts: [], spoken: { lines: [] }, refused: [] };

/** Finds the transcripts of a bucket's recordings among objects that are known to stand there. */
export function openBesideObjects(store: Store, standing: ReadonlySet<string>) {
  return async ({ stored, transcripts = [] }: Pick<LedgerEntry, "stored" | "transcripts">) => {
    if (stored === undefined) return nothing;
    const known = new Set(transcripts.map(({ path }) => path));
    const named = transcriptNames(stored.path).filter((path) => standing.has(path) || known.has(path));
    if (named.length === 0) return nothing;
    const siblings = await Promise.all(siblingsOf(stored.path).map((path) => store.stat(path)));
    const own = new Set(transcriptNames(stored.path, siblings.some(Boolean)));
    return readTranscripts(
      store,
      named.filter((path) => own.has(path) || known.has(path)),
    );
  };
}

/** Finds them by one listing of a folder of the bucket, for all its recordings. */
export async function openBesideListed(store: Store, under: string) {
  const standing = new Set<string>();
  for await (const page of store.list({ under }))
    for (const { path } of page) if (transcriptExtension(path) !== undefined) standing.add(path);
  return openBesideObjects(store, standing);
}

/** Hashes and reads the transcripts at these paths, as far as they stand there. */
async function readTranscripts(store: Store, paths: readonly string[]): Promise<FoundTranscripts> {
  const read = (await Promise.all(paths.map((path) => readOne(store, path)))).filter((each) => each !== undefined);
  return {
    transcripts: read.map(({ transcript }) => transcript),
    spoken: joinedSpoken(read.map(({ lines }) => lines)),
    refused: [],
  };
}

async function readOne(store: Store, path: string) {
  await using reading = await store.read(path);
  if (reading === undefined) return undefined;
  const hash = createHash("sha256");
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of reading.bytes) {
    hash.update(chunk);
    bytes += chunk.byteLength;
    if (bytes <= mostTranscriptBytes) kept.push(Buffer.from(chunk));
  }
  const isLarge = bytes > mostTranscriptBytes;
  const transcript: Transcript = { path, bytes, sha256: hash.digest("hex"), ...(isLarge && { note: tooLarge }) };
  return { transcript, lines: isLarge ? [] : linesOf(path, Buffer.concat(kept)) };
}
