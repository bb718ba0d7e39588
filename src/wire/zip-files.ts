import { closeSync, openSync, readSync, statSync } from "node:fs";
import { crc32 } from "node:zlib";
import { type Entry, getFileNameLowLevel, openPromise, validateFileName, type ZipFile } from "yauzl";
import { RecordingError } from "../core/errors.ts";
import type { Inbound } from "./intake.ts";

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
    if (isEntryAt(path, Number(zip.readEntryCursor))) throw new Error("it holds more files than its end says");
  } catch (error) {
    yield { ...damaged, name: shown, shown, refusal: `the zip is damaged or none: ${(error as Error).message}` };
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
  if (fault !== null) return `its name in the zip leads elsewhere (${fault})`;
  if (entry.isEncrypted()) return "it is encrypted: unpack the zip with its password first";
  if (!entry.canDecodeFileData()) return "it is packed in a way that is not understood: unpack the zip first";
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
  if (seen !== entry.crc32) throw new RecordingError("bad-audio", "It is damaged in the zip: its checksum is another.");
}
