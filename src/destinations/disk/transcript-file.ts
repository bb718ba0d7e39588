import { closeSync, fsyncSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RecordingKey } from "../../core/model/recording.ts";
import { diskError } from "../../platform/disk-error.ts";
import { makeFolders } from "../../platform/make-folders.ts";
import { standing } from "../../platform/standing.ts";
import { publish } from "./commit.ts";
import { createFile, partialFolder, partialPaths, privateName, removeFile } from "./part-files.ts";

/** A text that belongs beside a recording's audio; both paths are relative to the archive. */
export interface BesideAudio {
  readonly key: RecordingKey;
  readonly audio: string;
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Puts a text beside its audio, whole and synced; says whether it did. Until then it lies among the parts of its recording,
 * where a purge finds what a killed run has left. What stands there already is never replaced,
 * whatever it is. Throws what the disk says; where the audio is not there, nothing is written.
 */
export function keepText(root: string, { key, audio, path, bytes }: BesideAudio): boolean {
  const file = join(root, path);
  if (standing(join(root, audio)) === undefined) return false;
  const made = privateName(partialPaths(root, key).part.replace(/part$/, "text.part"));
  try {
    makeFolders(join(root, partialFolder));
    const fd = createFile(made);
    try {
      writeFileSync(fd, bytes);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    const kept = publish(made, file, false);
    if (!kept) removeFile(made);
    return kept;
  } catch (error) {
    removeFile(made);
    throw diskError(error, file);
  }
}
