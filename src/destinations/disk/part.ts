import { createHash } from "node:crypto";
import { closeSync, renameSync, writeSync } from "node:fs";
import { type AudioCheck, openAudioCheck } from "../../core/audio/check.ts";
import { RecordingError } from "../../core/model/errors.ts";
import {
  createFile,
  createPart,
  fileId,
  fileIdAt,
  type OpenPartial,
  openPart,
  type PartialNote,
  type PartialPaths,
  privateName,
  removeFile,
  removePart,
  tryCreatePart,
  writeNote,
} from "./part-files.ts";
import { overlapBytes } from "./resume.ts";
import { openSink, type Sink, type SinkStart } from "./sink.ts";
import { bytesOf, syncFile } from "./stored-file.ts";

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

/**
 * A copy of the part an earlier attempt kept, in its place; undefined when there is none, or none that can be audio. A
 * copy, for whoever wrote the old one may only have been stopped, and go on writing.
 */
async function continuedPart(paths: PartialPaths, boot: string): Promise<Part | undefined> {
  const found = openPart(paths, boot);
  if (found === undefined) return undefined;
  const made = privateName(paths.part);
  let fd: number | undefined;
  try {
    if (found.note.validator === undefined && found.length <= overlapBytes) return undefined;
    fd = createFile(made);
    const kept = await copied(found, fd);
    renameSync(made, paths.part);
    const note = { ...found.note, boot, synced: 0 };
    const id = fileId(fd);
    writeNote(paths, note, id);
    return new Part(paths, fd, { ...kept, note });
  } catch {
    // Unreadable, no audio or no room: the download that follows starts from the beginning.
    if (fd !== undefined) closeSync(fd);
    removeFile(made);
    return undefined;
  } finally {
    closeSync(found.fd);
  }
}

/** An earlier part, read again into a file of one's own. */
interface Kept extends Earlier {
  readonly check: AudioCheck;
  readonly hash: SinkStart["hash"];
}

async function copied({ fd: from, length, note }: OpenPartial, to: number): Promise<Omit<Kept, "note">> {
  const check = openAudioCheck();
  const hash = createHash("sha256");
  let tail = Buffer.alloc(0);
  let at = 0;
  for await (const bytes of bytesOf(from, length)) {
    check.chunk(bytes);
    hash.update(bytes);
    for (let done = 0; done < bytes.length; ) done += writeSync(to, bytes, done, bytes.length - done, at + done);
    at += bytes.length;
    if (note.validator === undefined) tail = Buffer.concat([tail, bytes]).subarray(-overlapBytes);
  }
  if (at !== length || check.type === undefined) throw new RecordingError("bad-audio", "The part is not audio.");
  return { check, hash, length, tail: Buffer.from(tail) };
}

/** What an earlier attempt kept, which the bytes continue. */
export interface Earlier {
  readonly length: number;
  readonly note: PartialNote;
  /** Its last bytes, to be asked for again; none where a strong validator tells more. */
  readonly tail: Uint8Array;
}

/** The bytes of one recording, checked, and gathered in the partial folder. */
export class Part {
  readonly check: AudioCheck;
  readonly sink: Sink;
  readonly earlier: Earlier | undefined;
  /** With a note, what reaches the disk before the end can be continued by a later run. */
  note: PartialNote | undefined;
  /** Whether a note lies beside the part: from the first write on, when there is one. */
  noted: boolean;
  readonly #paths: PartialPaths;
  #fd: number | undefined;
  #completing = false;

  constructor(paths: PartialPaths, fd: number, kept?: Kept) {
    this.#paths = paths;
    this.#fd = fd;
    this.check = kept?.check ?? openAudioCheck();
    this.sink = openSink(() => this.#fileToWrite(), kept && { bytes: kept.length, hash: kept.hash });
    this.earlier = kept;
    this.note = kept?.note;
    this.noted = kept !== undefined;
  }

  /** What an earlier attempt kept, read from the start. */
  keptBytes({ length }: Earlier): AsyncIterable<Uint8Array> {
    return bytesOf(this.#open(), length);
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
    if (this.note !== undefined && this.#isInPlace()) this.#writeNote({ ...this.note, synced: this.sink.bytes });
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

  #isInPlace(): boolean {
    return fileIdAt(this.#paths.part) === fileId(this.#open());
  }

  #writeNote(note: PartialNote): void {
    this.noted = true;
    writeNote(this.#paths, note, fileId(this.#open()));
  }

  #remove(): void {
    if (this.#fd === undefined) return;
    const id = fileId(this.#fd);
    this.leave();
    removePart(this.#paths, this.noted, id);
  }
}
