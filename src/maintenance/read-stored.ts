import { createHash } from "node:crypto";
import { openAudioCheck } from "../core/audio/check.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Stored } from "../core/model/recording.ts";
import type { FileFacts, Store } from "../core/model/store.ts";
import type { FileState } from "../core/proof/verify.ts";

/** What a file turned out to be, and what a bucket calls the bytes that were read. */
type Hashed = FileState & Pick<FileFacts, "etag">;

/** Reads a file whole and hashes it; undefined when there is none. Errors as of the store's `read`. */
export async function hashStored(store: Store, path: string): Promise<Hashed | undefined> {
  await using reading = await store.read(path);
  if (reading === undefined) return undefined;
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of reading.bytes) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  const { etag } = reading.facts;
  return { bytes, sha256: hash.digest("hex"), ...(etag === undefined ? {} : { etag }) };
}

/** Reads a file whole and holds it against all that a recording must be; throws why it is none. */
export async function examineStored(store: Store, path: string): Promise<Stored> {
  await using reading = await store.read(path);
  if (reading === undefined) throw new RecordingError("disk-io", `${path} is no longer there.`);
  const hash = createHash("sha256");
  const check = openAudioCheck();
  for await (const chunk of reading.bytes) {
    hash.update(chunk);
    // It may remember parts of a chunk, which is good only until the next.
    check.chunk(Buffer.from(chunk));
  }
  const sha256 = hash.digest("hex");
  const { sha256: noted = sha256, etag } = reading.facts;
  if (noted === sha256)
    return { path, bytes: check.bytes, sha256, ...check.finish(), ...(etag === undefined ? {} : { etag }) };
  throw new RecordingError("disk-io", `it is damaged: its store says it came with SHA-256 ${noted}, it has ${sha256}`);
}

/** The bytes of a small file; undefined where nothing stands, or more than `most` bytes. */
export async function readSmall(store: Store, path: string, most: number): Promise<Buffer | undefined> {
  await using reading = await store.read(path);
  if (reading === undefined || reading.facts.bytes > most) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of reading.bytes) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
