import { closeSync } from "node:fs";
import { type AudioCheck, openAudioCheck } from "../../core/audio.ts";
import { rehash } from "./adopt.ts";
import {
  createPart,
  type OpenPartial,
  openPart,
  type PartialNote,
  type PartialPaths,
  removePart,
  tryCreatePart,
  writeNote,
} from "./partial.ts";
import { openSink, type Sink, type SinkStart } from "./sink.ts";
import { syncFile } from "./sync.ts";

/**
 * Makes the file before anything is asked of a server, so that a full disk costs no request. One that stands there is
 * continued when `resume` and what it holds allow it.
 */
export async function beginPart(paths: PartialPaths, boot: string, resume: boolean): Promise<Part> {
  const fd = tryCreatePart(paths);
  if (fd !== undefined) return new Part(paths, fd);
  return (resume ? await continuedPart(paths, boot) : undefined) ?? freshPart(paths);
}

/** An empty part, whatever stands in its place. */
export function freshPart(paths: PartialPaths): Part {
  return new Part(paths, createPart(paths));
}

/** The part an earlier attempt kept, read and hashed; undefined when there is none, or none that can be audio. */
async function continuedPart(paths: PartialPaths, boot: string): Promise<Part | undefined> {
  const found = openPart(paths, boot);
  if (found === undefined) return undefined;
  const check = openAudioCheck();
  try {
    const hash = await rehash(found.fd, found.length, check);
    if (check.bytes === found.length && check.type !== undefined) {
      return new Part(paths, found.fd, { check, found, hash });
    }
  } catch {
    // Unreadable or no audio: nothing to build on, and the download that follows starts from the beginning.
  }
  closeSync(found.fd);
  return undefined;
}

/** An earlier part, read again. */
interface Kept {
  readonly found: OpenPartial;
  readonly check: AudioCheck;
  readonly hash: SinkStart["hash"];
}

/** The bytes of one recording, checked, and gathered in the partial folder. */
export class Part {
  readonly check: AudioCheck;
  readonly sink: Sink;
  /** What was kept of an earlier attempt, which the bytes continue. */
  readonly earlier: Pick<OpenPartial, "length" | "note"> | undefined;
  /** With a note, what reaches the disk before the end can be continued by a later run. */
  note: PartialNote | undefined;
  /** Whether a note lies beside the part: from the first write on, when there is one. */
  noted: boolean;
  readonly #paths: PartialPaths;
  #fd: number | undefined;
  #completing = false;

  constructor(paths: PartialPaths, fd: number, kept?: Kept) {
    const found = kept?.found;
    this.#paths = paths;
    this.#fd = fd;
    this.check = kept?.check ?? openAudioCheck();
    this.sink = openSink(() => this.#fileToWrite(), kept && { bytes: kept.found.length, hash: kept.hash });
    this.earlier = found;
    this.note = found?.note;
    this.noted = found !== undefined;
  }

  /** Writes the rest and gives the open file, which stays the part's until `handOver`; at once, unless a write is under way. */
  complete(): number | Promise<number> {
    this.#completing = true;
    const flushed = this.sink.flush();
    return flushed === undefined ? this.#open() : flushed.then(() => this.#open());
  }

  handOver(): void {
    this.#fd = undefined;
  }

  /** Leaves everything so that a later run can continue it. */
  async keep(): Promise<void> {
    this.#completing = true;
    await this.sink.flush();
    await syncFile(this.#open());
    if (this.note !== undefined) this.#writeNote({ ...this.note, synced: this.sink.bytes });
    this.leave();
  }

  /** Leaves what an earlier attempt kept as it is. */
  leave(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Removes everything; at once, unless a write is under way. */
  discard(): void | Promise<void> {
    // Closing under a running write would let it go on in whatever file is opened next.
    return this.sink.running === undefined ? this.#remove() : this.sink.running.then(() => this.#remove());
  }

  #fileToWrite(): number {
    const fd = this.#open();
    if (!this.#completing && !this.noted && this.note !== undefined) this.#writeNote(this.note);
    return fd;
  }

  #open(): number {
    if (this.#fd === undefined) throw new Error("the part is closed");
    return this.#fd;
  }

  #writeNote(note: PartialNote): void {
    this.noted = true;
    writeNote(this.#paths, note);
  }

  #remove(): void {
    if (this.#fd === undefined) return;
    this.leave();
    removePart(this.#paths, this.noted);
  }
}
