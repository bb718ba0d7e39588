import { createHash } from "node:crypto";
import { writev, writevSync } from "node:fs";
import { RecordingError } from "../../core/model/errors.ts";

/** One file's bytes on their way down: hashed as they come, gathered, and written in few large blocks. */
export interface Sink {
  /** A returned promise asks for a pause: the disk is slower than the network. */
  write(bytes: Uint8Array): void | Promise<void>;
  /** Everything handed in so far is with the file system; at once, unless a write is under way. */
  flush(): void | Promise<void>;
  /** The write under way beside this thread: until it ends the file must stay open. Never rejects. */
  readonly running: Promise<void> | undefined;
  /** Bytes taken so far, with those that were there before. */
  readonly bytes: number;
  /** Of all bytes; to be asked once, at the end. */
  sha256(): string;
}

/** What a sink continues: bytes that are in the file already, and the hash over them. */
export interface SinkStart {
  readonly bytes: number;
  readonly hash: ReturnType<typeof createHash>;
}

/** Gathered before a write: few enough to be still near the processor, many enough to cost few writes. */
const block = 256 * 1024;
/** A file writes its first blocks at once, which is quickest; past this it is long, and writes beside the network. */
const longFrom = 4 * 1024 * 1024;
/** Gathered before such a write, and waiting beside a running one; more pauses the connection. */
const longBlock = 1024 * 1024;
const mostWaiting = 4 * longBlock;
/** Servers that send in drips must not make us hold a thousand tiny buffers. */
const mostPieces = 256;

/** `file` is called when the first block is to be written, and gives the open file. */
export function openSink(file: () => number, start: SinkStart = { bytes: 0, hash: createHash("sha256") }): Sink {
  return new FileSink(file, start);
}

class FileSink implements Sink {
  readonly #file: () => number;
  readonly #hash: SinkStart["hash"];
  #position: number;
  #pieces: Uint8Array[] = [];
  #waiting = 0;
  #failure: unknown;
  running: Promise<void> | undefined;
  bytes: number;

  constructor(file: () => number, start: SinkStart) {
    this.#file = file;
    this.#hash = start.hash;
    this.#position = start.bytes;
    this.bytes = start.bytes;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    this.#pieces.push(chunk);
    this.#waiting += chunk.length;
    const short = this.bytes < longFrom && this.running === undefined;
    if (this.#waiting < (short ? block : longBlock) && this.#pieces.length < mostPieces) return;
    if (short) return this.#writeNow();
    this.running ??= this.#writeAside();
    if (this.#waiting >= mostWaiting || this.#pieces.length >= mostPieces) return this.running;
  }

  flush(): void | Promise<void> {
    return this.running === undefined ? this.#writeRest() : this.running.then(() => this.#writeRest());
  }

  sha256(): string {
    return this.#hash.digest("hex");
  }

  #writeRest(): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#writeNow();
    if (this.#position === this.bytes) return;
    throw new RecordingError("bug", `Only ${this.#position} of ${this.bytes} hashed bytes were written.`);
  }

  #take(): Uint8Array[] {
    const taken = this.#pieces;
    this.#pieces = [];
    this.#waiting = 0;
    return taken;
  }

  #writeNow(): void {
    if (this.#waiting > 0) this.#position = writeAll(this.#file(), this.#take(), this.#position);
  }

  async #writeAside(): Promise<void> {
    try {
      do this.#position = await writeAllAside(this.#file(), this.#take(), this.#position);
      while (this.#waiting >= longBlock);
    } catch (error) {
      this.#failure = error;
    } finally {
      this.running = undefined;
    }
  }
}

function writeAll(fd: number, pieces: Uint8Array[], position: number): number {
  let at = position;
  for (let rest = pieces; rest.length > 0; ) {
    const written = writevSync(fd, rest, at);
    at += written;
    rest = after(rest, written);
  }
  return at;
}

async function writeAllAside(fd: number, pieces: Uint8Array[], position: number): Promise<number> {
  let at = position;
  for (let rest = pieces; rest.length > 0; ) {
    const written = await writevAside(fd, rest, at);
    at += written;
    rest = after(rest, written);
  }
  return at;
}

/** What is left of `pieces` when `written` bytes of them are down. */
function after(pieces: Uint8Array[], written: number): Uint8Array[] {
  let left = written;
  for (let at = 0; at < pieces.length; at += 1) {
    const piece = pieces[at] as Uint8Array;
    if (left < piece.length) return [piece.subarray(left), ...pieces.slice(at + 1)];
    left -= piece.length;
  }
  return [];
}

function writevAside(fd: number, pieces: Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(fd, pieces, position, (error, written) => (error === null ? resolve(written) : reject(error)));
  });
}
