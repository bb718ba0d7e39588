import { createHash } from "node:crypto";
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { RecordingError } from "../../core/model/errors.ts";
import type { SpokenLine } from "../../core/transcripts/line.ts";
import { transcribedStem, transcriptExtension, transcriptNames } from "../../core/transcripts/names.ts";
import { readTranscript } from "../../core/transcripts/read.ts";
import { joinedSpoken, type Spoken, type Transcript } from "../../core/transcripts/spoken.ts";
import { diskError, errno } from "../../platform/disk-error.ts";
import { hashFile } from "../../platform/files.ts";
import { readSmallBytes } from "../../platform/small-file.ts";
import { standing } from "../../platform/standing.ts";
import { siblingsOf } from "./incoming.ts";
import { removeFile } from "./part-files.ts";

/** Bytes of a transcript that is read for its words; more is no speech. */
export const mostTranscriptBytes = 8 * 1024 * 1024;

/** The note of one that has more. */
export const tooLarge = "larger than 8 MB: its words are not searched";

export interface FoundTranscripts {
  readonly transcripts: readonly Transcript[];
  readonly spoken: Spoken;
  /** What stands there and is not taken for a transcript, in words. */
  readonly refused: readonly string[];
}

/**
 * What stands beside an audio file of what was said in it, each hashed and read. A link, pipe or folder by such a name is
 * refused; what is too large, or says nothing that can be read, is hashed all the same.
 */
export async function findTranscripts(root: string, audio: string): Promise<FoundTranscripts> {
  const transcripts: Transcript[] = [];
  const said: (readonly SpokenLine[])[] = [];
  const refused: string[] = [];
  for (const path of transcriptPathsOf(root, audio)) {
    try {
      const read = await readOne(root, path);
      if (read === undefined) continue;
      const { lines, ...transcript } = read;
      transcripts.push(transcript);
      said.push(lines);
    } catch (error) {
      if (!(error instanceof RecordingError)) throw error;
      refused.push(error.message);
    }
  }
  return { transcripts, spoken: joinedSpoken(said), refused };
}

/** The paths that transcripts of an audio file may have; where another stands by the same name, only those that are its own. */
function transcriptPathsOf(root: string, audio: string): readonly string[] {
  const isShared = siblingsOf(audio).some((path) => standing(join(root, path)) !== undefined);
  return transcriptNames(audio, isShared);
}

/**
 * Deletes what stands beside audio that is no more, by all names that its transcripts may have; the paths. Where audio
 * stands by that name, it is another recording's, and nothing is touched.
 */
export function removeTranscripts(root: string, audio: string): readonly string[] {
  if (standing(join(root, audio)) !== undefined) return [];
  const there = transcriptPathsOf(root, audio).filter((path) => {
    const state = standing(join(root, path));
    return state !== undefined && !state.isDirectory();
  });
  for (const path of there) removeFile(join(root, path));
  return there;
}

/** Whether the file is named as a transcript of audio that stands beside it. */
export function isBesideAudio(root: string, path: string): boolean {
  if (transcriptExtension(path) === undefined) return false;
  const stem = transcribedStem(path);
  const audio = [stem, ...siblingsOf(`${stem}.wav`), `${stem}.wav`];
  return audio.some((each) => lstatSync(join(root, each), { throwIfNoEntry: false })?.isFile());
}

interface Read extends Transcript {
  readonly lines: readonly SpokenLine[];
}

async function readOne(root: string, path: string): Promise<Read | undefined> {
  try {
    const bytes = readSmallBytes(join(root, path), mostTranscriptBytes);
    if (bytes !== undefined) return { path, bytes: bytes.length, sha256: sha256Of(bytes), lines: linesOf(path, bytes) };
  } catch (error) {
    if (error instanceof RecordingError) throw error;
    if (errno(error) === "ENOENT") return undefined;
    throw diskError(error, join(root, path));
  }
  const state = await hashFile(root, path);
  return state && { path, ...state, note: tooLarge, lines: [] };
}

/** What a transcript says, as its name tells how it is written. */
export function linesOf(path: string, bytes: Uint8Array): readonly SpokenLine[] {
  const extension = transcriptExtension(path);
  return extension === undefined ? [] : readTranscript(extension, bytes);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
