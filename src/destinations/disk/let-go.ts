import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Smaller memory is shared: Node cuts short buffers out of one. */
const leastOwn = 16 * 1024;
let written: Uint8Array[] = [];

/** Room for what is read and not written yet, in the size that Node reads. */
const roomBytes = 16 * 1024 * 1024;
const readBytes = 64 * 1024;
let lid: Uint8Array | undefined;

/**
 * Keeps this thread's room for reads from going back to the system. glibc hands freed memory over as soon as it is the
 * last of its heap, and takes it anew, page by page, for the next read: an eighth of the work for recordings of a minute.
 * One piece that stays behind the room keeps it.
 */
function keepRoom(): void {
  const room = Array.from({ length: roomBytes / readBytes }, () => new Uint8Array(readBytes));
  lid = new Uint8Array(readBytes);
  room.forEach(detach);
}

/**
 * Gives the memory of written bytes back within this turn of the event loop. What the network brings lies in memory
 * outside the heap, which would grow by tens of megabytes, and make the whole heap be marked again and again, before a
 * collection let it go. Not at once, for whoever brought the bytes may still look at where they ended.
 */
export function letGo(pieces: readonly Uint8Array[]): void {
  if (lid === undefined) keepRoom();
  if (written.length === 0) setImmediate(release);
  for (const piece of pieces) written.push(piece);
}

function release(): void {
  const pieces = written;
  written = [];
  pieces.filter(isEndOfRead).forEach(detach);
}

/** Behind the last bytes of a read nothing can lie that is still to be used. */
function isEndOfRead({ buffer, byteOffset, byteLength }: Uint8Array): boolean {
  return buffer.byteLength >= leastOwn && byteOffset + byteLength === buffer.byteLength;
}

function detach({ buffer }: Uint8Array): void {
  try {
    transfer.call(buffer, 0);
  } catch {
    // Memory that Node shares among buffers says that it is not to be taken.
  }
}

type Transfer = (this: ArrayBufferLike, length: number) => ArrayBuffer;

const transfer = (ArrayBuffer.prototype as { transfer?: Transfer }).transfer ?? transferOfNode20();

/** Node 20 has it, but shows it only to worlds that are made after it was asked to. */
function transferOfNode20(): Transfer {
  setFlagsFromString("--harmony-rab-gsab-transfer");
  return runInNewContext("ArrayBuffer.prototype.transfer") as Transfer;
}
