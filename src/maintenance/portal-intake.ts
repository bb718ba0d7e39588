import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { crc32 } from "node:zlib";
import { type Entry, getFileNameLowLevel, openPromise, validateFileName, type ZipFile } from "yauzl";
import { markedIfShort } from "../core/download/refetch.ts";
import { asRecordingError, RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { Destination, Expectation } from "../core/model/ports.ts";
import type { RecordingRef, Stored } from "../core/model/recording.ts";
import { openStore } from "../destinations/index.ts";
import type { AdoptionHooks, Identify } from "./adoption.ts";

/** A file that is to be copied into the archive. */
export interface Inbound {
  /** What tells whose it is. */
  readonly name: string;
  /** The file as people are told of it. */
  readonly shown: string;
  readonly bytes: number;
  /** Why it cannot be taken, when that is clear without reading. */
  readonly refusal?: string;
  /** Chunks in memory of their own; throws a RecordingError where they cannot be read to the end. */
  open(): AsyncIterable<Uint8Array>;
}

export interface IntakePorts {
  readonly destination: Destination;
  readonly ledger: Archive;
  readonly identify: Identify;
  readonly pathFor: (ref: RecordingRef) => string;
  readonly expect: (ref: RecordingRef) => Expectation;
}

/** The files of a folder and of the zips in it, or of one zip; `zipsOnly` leaves out those that are not in a zip. */
export async function* filesFrom(path: string, zipsOnly: boolean): AsyncIterable<Inbound> {
  if (statSync(path).isFile()) return yield* zipFiles(path, basename(path));
  for await (const page of (await openStore(path)).list()) {
    for (const { path: name } of page) {
      if (isZip(name)) yield* zipFiles(join(path, name), name);
      else if (!zipsOnly) yield fileAt(join(path, name), name);
    }
  }
}

export function isZip(path: string): boolean {
  return /\.zip$/i.test(path);
}

function fileAt(path: string, name: string): Inbound {
  return { name, shown: name, bytes: statSync(path).size, open: () => bytesOf(path) };
}

async function* bytesOf(path: string): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) yield new Uint8Array(chunk as Buffer);
  } catch (error) {
    throw new RecordingError("bad-audio", `It cannot be read (${(error as Error).message}).`, { cause: error });
  }
}

/** So many files are made safe and recorded together. */
const batchSize = 64;

/**
 * Copies files into the archive as a download would: checked, hashed, synced, named by the call, then recorded. Returns
 * how many were new. What is held already is compared, never replaced; a difference is told.
 */
export async function takeIn(
  files: AsyncIterable<Inbound>,
  ports: IntakePorts,
  hooks: AdoptionHooks,
  stop: AbortSignal,
): Promise<number> {
  let count = 0;
  let batch = new Map<string, Taken>();
  const record = async () => {
    const taken = [...batch.values()];
    batch = new Map();
    count += await recordAll(taken, ports.ledger, hooks);
  };
  try {
    for await (const file of files) {
      stop.throwIfAborted();
      const ref = file.refusal ?? ports.identify(file.name);
      if (typeof ref === "string") {
        hooks.unmatched(file.shown, ref);
        continue;
      }
      if (batch.size === batchSize || batch.has(ref.key)) await record();
      const settled = await tellingRefusal(file, hooks, () => takeOne(file, ref, ports, stop));
      if (settled !== undefined) batch.set(ref.key, { file, ref, settled });
    }
  } finally {
    await record();
  }
  return count;
}

interface Taken {
  readonly file: Inbound;
  readonly ref: RecordingRef;
  readonly settled: () => Promise<Stored>;
}

/** Waits until the files are safe, then records them. */
async function recordAll(taken: readonly Taken[], ledger: Archive, hooks: AdoptionHooks): Promise<number> {
  const safe = await Promise.all(
    taken.map(async ({ file, ref, settled }) => {
      const stored = await tellingRefusal(file, hooks, settled);
      return stored === undefined ? [] : [{ ref, stored: markedIfShort(ref, stored) }];
    }),
  );
  const found = safe.flat();
  const count = await ledger.adopt(found);
  for (const { ref, stored } of found) hooks.adopted(ref, stored);
  return count;
}

/** Tells why one file was refused; what ends all of them is thrown. */
async function tellingRefusal<T>(
  { shown }: Inbound,
  { unmatched }: AdoptionHooks,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    const error = asRecordingError(thrown);
    if (error.verdict === "stop" || error.code === "bug") throw error;
    unmatched(shown, error.message);
    return undefined;
  }
}

/** Tells when the file is safe in the archive, and as what; undefined when the archive had it already. */
async function takeOne(
  file: Inbound,
  ref: RecordingRef,
  { destination, ledger, pathFor, expect }: IntakePorts,
  stop: AbortSignal,
): Promise<(() => Promise<Stored>) | undefined> {
  const entry = await ledger.entry(ref.key);
  if (entry?.state === "purged") throw new RecordingError("not-audio", "It was purged from the archive, for good.");
  const path = pathFor(ref);
  const held = entry?.state === "done" ? entry.stored : undefined;
  const standing = held ?? (await destination.adopt?.(path, expect(ref)));
  if (standing === undefined) return write(file, path, expect(ref), destination, stop);
  if ((await sha256Of(file)) !== standing.sha256) {
    throw new RecordingError("changed", `It differs from what is held of this recording: ${standing.path}.`);
  }
  if (held === undefined) return async () => standing;
  if (destination.has?.(held.path) === false) {
    const restored = await write(file, held.path, expect(ref), destination, stop);
    await restored();
  }
  return undefined;
}

async function write(
  file: Inbound,
  path: string,
  expect: Expectation,
  destination: Destination,
  stop: AbortSignal,
): Promise<() => Promise<Stored>> {
  const incoming = await destination.open(path, expect, stop);
  try {
    incoming.head({ status: 200, headers: { "content-length": String(file.bytes) } });
    for await (const chunk of file.open()) {
      stop.throwIfAborted();
      await incoming.chunk(chunk);
    }
  } catch (thrown) {
    await incoming.abandon(asRecordingError(thrown));
    throw thrown;
  }
  const { settled } = await incoming.finish();
  settled.catch(() => {});
  return () => settled;
}

async function sha256Of(file: Inbound): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of file.open()) hash.update(chunk);
  return hash.digest("hex");
}

/** No recording is larger: a WAV file cannot be. */
const mostBytes = 2 ** 32;

/**
 * The files in a zip, one after the other, none of them unpacked before it is asked for. What cannot be taken (encrypted,
 * a name that leads elsewhere, a size no recording has, entries that share their bytes) says so in `refusal`; damage ends
 * the zip with an Inbound that tells it. Each file's bytes are held against its checksum and size.
 */
export async function* zipFiles(path: string, shown: string): AsyncIterable<Inbound> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { autoClose: false, lazyEntries: true, decodeStrings: false });
    let room = statSync(path).size;
    for await (const entry of zip.eachEntry()) {
      const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false);
      room -= entry.compressedSize;
      if ((name.endsWith("/") && entry.uncompressedSize === 0) || isHidden(name)) continue;
      yield inboundOf(zip, entry, { name, shown: `${shown}: ${name}` }, room);
    }
    // The types call it a boolean; it is where the next entry would stand.
    if (isEntryAt(path, Number(zip.readEntryCursor))) throw new Error("it holds more files than its directory lists");
  } catch (error) {
    yield { ...damaged, name: shown, shown, refusal: `the zip is damaged or not a zip: ${(error as Error).message}` };
  } finally {
    zip?.close();
  }
}

function isEntryAt(path: string, place: number): boolean {
  const fd = openSync(path, "r");
  try {
    const signature = Buffer.alloc(4);
    readSync(fd, signature, 0, 4, place);
    return signature.toString("latin1") === "PK\x01\x02";
  } finally {
    closeSync(fd);
  }
}

/** What a Mac adds to its zips, and what finished files are never called. */
function isHidden(name: string): boolean {
  return /(?:^|\/)(?:__MACOSX\/|\.[^./])/.test(name);
}

const damaged = { bytes: 0, async *open(): AsyncIterable<Uint8Array> {} };

function inboundOf(zip: ZipFile, entry: Entry, names: Pick<Inbound, "name" | "shown">, room: number): Inbound {
  const refusal = refusalOf(entry, names.name, room);
  const open = () => unpacked(zip, entry);
  return { ...names, bytes: entry.uncompressedSize, ...(refusal === undefined ? {} : { refusal }), open };
}

function refusalOf(entry: Entry, name: string, room: number): string | undefined {
  const fault = validateFileName(name);
  if (fault !== null) return `its name in the zip leads out of the folder (${fault})`;
  if (entry.isEncrypted()) return "it is encrypted: unpack the zip with its password first";
  if (!entry.canDecodeFileData())
    return "it is compressed in a way that callreel does not support: unpack the zip first";
  if (entry.uncompressedSize > mostBytes) return "it is too large for a recording";
  return room < 0 ? "the zip's files share their bytes, as in a zip bomb" : undefined;
}

/** The bytes, in memory of their own; throws `bad-audio` at the end when their sum is another, or where they cannot be unpacked. */
async function* unpacked(zip: ZipFile, entry: Entry): AsyncIterable<Uint8Array> {
  let seen = 0;
  try {
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      seen = crc32(chunk as Buffer, seen);
      yield new Uint8Array(chunk as Buffer);
    }
  } catch (error) {
    throw new RecordingError("bad-audio", `It cannot be unpacked: ${(error as Error).message}.`, { cause: error });
  }
  if (seen !== entry.crc32)
    throw new RecordingError("bad-audio", "It is damaged in the zip: its checksum does not match.");
}
