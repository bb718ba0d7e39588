import { closeSync } from "node:fs";
import { type AudioCheck, openAudioCheck } from "../../core/audio.ts";
import { rehash } from "./adopt.ts";
import { createPart, openPart, type PartialNote, type PartialPaths, removePart, writeNote } from "./partial.ts";
import { openSink, type Sink } from "./sink.ts";
import { syncFile } from "./sync.ts";

/** The bytes of one recording, checked and gathered: in memory while they are few, in the partial folder after that. */
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

export function freshPart(paths: PartialPaths): Part {
  return partOf(paths, openAudioCheck(), undefined, undefined);
}

/** The part an earlier attempt kept, read and hashed; undefined when there is none, or none that can be audio. */
export async function continuedPart(paths: PartialPaths, boot: string): Promise<Part | undefined> {
  const found = openPart(paths, boot);
  if (found === undefined) return undefined;
  const check = openAudioCheck();
  try {
    const hash = await rehash(found.fd, found.length, check);
    if (check.bytes === found.length && check.type !== undefined) {
      return partOf(paths, check, found, { bytes: found.length, hash });
    }
  } catch {
    // Unreadable or no audio: nothing to build on, and the download that follows starts from the beginning.
  }
  closeSync(found.fd);
  return undefined;
}

function partOf(
  paths: PartialPaths,
  check: AudioCheck,
  found: ReturnType<typeof openPart>,
  start: Parameters<typeof openSink>[1],
): Part {
  const file = partFile(paths, found?.fd);
  let completing = false;

  const part: Part = {
    check,
    sink: openSink(() => file.open(completing ? undefined : part.note), start),
    earlier: found === undefined ? undefined : { length: found.length, note: found.note },
    note: found?.note,
    get noted() {
      return file.noted;
    },
    async complete() {
      completing = true;
      await part.sink.flush();
      return file.open(undefined);
    },
    handOver: file.forget,
    async keep() {
      completing = true;
      await part.sink.flush();
      await syncFile(file.open(undefined));
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

/** The part as a file: made when first needed, with its note when there is one to write. */
function partFile(paths: PartialPaths, found: number | undefined) {
  let fd = found;
  let noted = found !== undefined;
  const file = {
    get noted() {
      return noted;
    },
    open(note: PartialNote | undefined): number {
      if (fd !== undefined) return fd;
      fd = createPart(paths);
      if (note !== undefined) file.write(note);
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
      const touched = fd !== undefined || found !== undefined;
      file.close();
      if (touched) removePart(paths);
    },
  };
  return file;
}
