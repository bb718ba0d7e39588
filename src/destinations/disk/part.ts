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
  /** Writes the rest and gives the open file, which is the caller's from then on. */
  complete(): Promise<number>;
  /** Leaves everything so that a later run can continue it. */
  keep(): Promise<void>;
  /** Leaves what an earlier attempt kept as it is. */
  leave(): void;
  /** Removes everything. */
  discard(): void;
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
  let fd = found?.fd;
  let completing = false;
  let noted = found !== undefined;

  function file(): number {
    if (fd !== undefined) return fd;
    fd = createPart(paths);
    if (!completing && part.note !== undefined) note(part.note);
    return fd;
  }

  function note(text: PartialNote): void {
    noted = true;
    writeNote(paths, text);
  }

  function close(): void {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  }

  const part: Part = {
    check,
    sink: openSink(file, start),
    earlier: found === undefined ? undefined : { length: found.length, note: found.note },
    note: found?.note,
    get noted() {
      return noted;
    },
    async complete() {
      completing = true;
      const flushed = part.sink.flush();
      if (flushed !== undefined) await flushed;
      const whole = file();
      fd = undefined;
      return whole;
    },
    async keep() {
      completing = true;
      await part.sink.flush();
      await syncFile(file());
      if (part.note !== undefined) note({ ...part.note, synced: part.sink.bytes });
      close();
    },
    leave: close,
    discard() {
      const touched = fd !== undefined || found !== undefined;
      close();
      if (touched) removePart(paths);
    },
  };
  return part;
}
