import { closeSync, fsyncSync, lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { diskError } from "../../platform/disk-error.ts";
import { nameBeside } from "../../platform/files.ts";
import { publish } from "./commit.ts";
import { createFile, removeFile } from "./part-files.ts";

/** A text that belongs beside an audio file; both paths are relative to the archive. */
export interface BesideAudio {
  readonly audio: string;
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Puts a text beside its audio, whole and synced; says whether it did. What stands there already is never replaced,
 * whatever it is. Throws what the disk says; where the audio is not there, nothing is written.
 */
export function keepText(root: string, { audio, path, bytes }: BesideAudio): boolean {
  const file = join(root, path);
  if (lstatSync(join(root, audio), { throwIfNoEntry: false }) === undefined) return false;
  const made = nameBeside(file);
  try {
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
