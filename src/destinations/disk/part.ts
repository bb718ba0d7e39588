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
import { openSink, type Sink } from "./sink.ts";
import { syncFile } from "./sync.ts";

/** The bytes of one recording, checked, and gathered in the partial folder. */
export interface Part {
  readonly check: AudioCheck;
  readonly sink: Sink;
  /** What was kept of an earlier attempt, which the bytes continue. */
  readonly earlier: { readonly length: number; readonly note: PartialNote } | undefined;
  /** With a note, what reaches the disk before the end can be continued by a later run. */
  note: PartialNote | undefined;
  /** Whether a note lies beside the part. */
  readonly noted: boolean;
  /** Writes the rest and gives the open file, which stays the part's until `handOver`. */
  complete(): Promise<number>;
  handOver(): void;
  /** Leaves everything so that a later run can continue it. */
  keep(): Promise<void>;
  /** Leaves what an earlier attempt kept as it is. */
  leave(): void;
  /** Removes everything; at once, unless a write is under way. */
  discard(): void | Promise<void>;
}

/**
 * Makes the file before anything is asked of a server, so that a full disk costs no request. One that stands there is
 * continued when `resume` and what it holds allow it.
 */
export async function beginPart(paths: PartialPaths, boot: string, resume: boolean): Promise<Part> {
  const fd = tryCreatePart(paths);
  if (fd !== undefined) return partOf(paths, fd, openAudioCheck(), undefined, undefined);
  return (resume ? await continuedPart(paths, boot) : undefined) ?? freshPart(paths);
}

/** An empty part, whatever stands in its place. */
export function freshPart(paths: PartialPaths): Part {
  return partOf(paths, createPart(paths), openAudioCheck(), undefined, undefined);
}

/** The part an earlier attempt kept, read and hashed; undefined when there is none, or none that can be audio. */
async function continuedPart(paths: PartialPaths, boot: string): Promise<Part | undefined> {
  const found = openPart(paths, boot);
  if (found === undefined) return undefined;
  const check = openAudioCheck();
  try {
    const hash = await rehash(found.fd, found.length, check);
    if (check.bytes === found.length && check.type !== undefined) {
      return partOf(paths, found.fd, check, found, { bytes: found.length, hash });
    }
  } catch {
    // Unreadable or no audio: nothing to build on, and the download that follows starts from the beginning.
  }
  closeSync(found.fd);
  return undefined;
}

function partOf(
  paths: PartialPaths,
  fd: number,
  check: AudioCheck,
  found: OpenPartial | undefined,
  start: Parameters<typeof openSink>[1],
): Part {
  const file = partFile(paths, fd, found !== undefined);
  let completing = false;

  const part: Part = {
    check,
    sink: openSink(() => file.toWrite(completing ? undefined : part.note), start),
    earlier: found === undefined ? undefined : { length: found.length, note: found.note },
    note: found?.note,
    get noted() {
      return file.noted;
    },
    async complete() {
      completing = true;
      await part.sink.flush();
      return file.toWrite(undefined);
    },
    handOver: file.forget,
    async keep() {
      completing = true;
      await part.sink.flush();
      await syncFile(file.toWrite(undefined));
      if (part.note !== undefined) file.write({ ...part.note, synced: part.sink.bytes });
      file.close();
    },
    leave: file.close,
    discard() {
      // Closing under a running write would let it go on in whatever file is opened next.
      return part.sink.running === undefined ? file.remove() : part.sink.running.then(file.remove);
    },
  };
  return part;
}

/** The part as a file, with its note from the first write on when there is one. */
function partFile(paths: PartialPaths, opened: number, found: boolean) {
  let fd: number | undefined = opened;
  let noted = found;
  const file = {
    get noted() {
      return noted;
    },
    toWrite(note: PartialNote | undefined): number {
      if (fd === undefined) throw new Error("the part is closed");
      if (!noted && note !== undefined) file.write(note);
      return fd;
    },
    write(note: PartialNote): void {
      noted = true;
      writeNote(paths, note);
    },
    forget(): void {
      fd = undefined;
    },
    close(): void {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
    remove(): void {
      if (fd === undefined) return;
      file.close();
      removePart(paths, noted);
    },
  };
  return file;
}
