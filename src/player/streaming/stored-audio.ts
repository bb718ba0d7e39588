import { RecordingError } from "../../core/model/errors.ts";
import type { Stored } from "../../core/model/recording.ts";
import type { ByteRange, Reading, Store } from "../../core/model/store.ts";
import { errno } from "../../platform/disk-error.ts";
import type { Readable } from "./peaks.ts";

/** Whether the file of a finished recording stands there, in the recorded size. */
export async function isStored(store: Store, { path, bytes }: Stored): Promise<boolean> {
  return (await orNone(store.stat(path)))?.bytes === bytes;
}

/**
 * Opens a part of the file of a finished recording: exactly the one that the ledger names, of the recorded size.
 * Undefined where there is none.
 */
export async function openPart(store: Store, { path, bytes }: Stored, range: ByteRange): Promise<Reading | undefined> {
  const reading = await orNone(store.read(path, range));
  if (reading === undefined || reading.facts.bytes === bytes) return reading;
  await reading[Symbol.asyncDispose]();
  return undefined;
}

/** What cannot be read as the recording's file is none, for a listener; what may pass is an error. */
async function orNone<T>(look: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (!(error instanceof RecordingError) || !["disk-io", "unsafe-path"].includes(error.code)) throw error;
    if (["EMFILE", "ENFILE"].includes(errno(error.cause) ?? "")) throw error;
    return undefined;
  }
}

/** So much is asked for at once. */
const windowSize = 1 << 20;

/** Reads a stored file here and there, with few requests where it is read from the front. */
export function openWindow(store: Store, stored: Stored): Readable {
  let at = 0;
  let held: Buffer = Buffer.alloc(0);
  return {
    async read(buffer, offset, length, position) {
      if (position < at || position + length > at + held.length) {
        const end = position + Math.max(length, windowSize) - 1;
        held = await bytesIn(store, stored, { start: position, end });
        at = position;
      }
      return { bytesRead: held.copy(buffer, offset, position - at, position - at + length), buffer };
    },
  };
}

async function bytesIn(store: Store, stored: Stored, range: ByteRange): Promise<Buffer> {
  if (range.start >= stored.bytes) return Buffer.alloc(0);
  await using reading = await openPart(store, stored, range);
  const chunks: Buffer[] = [];
  for await (const chunk of reading?.bytes ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
