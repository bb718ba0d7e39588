import { closeSync, fsyncSync, lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { diskError } from "../../platform/disk-error.ts";
import { nameBeside } from "../../platform/files.ts";
import { publish } from "./commit.ts";
import { createFile, removeFile } from "./part-files.ts";

/** The path that the text of a voicemail has beside its audio: no other recording shares it. */
export function textPathOf(audio: string): string {
  return `${audio}.txt`;
}

/**
 * Puts a text beside its audio, whole and synced. What stands there already is never replaced, whatever it is. Throws
 * what the disk says; where the audio is not there, nothing is written.
 */
export function keepText(root: string, audio: string, text: Uint8Array): void {
  const file = join(root, textPathOf(audio));
  if (lstatSync(join(root, audio), { throwIfNoEntry: false }) === undefined) return;
  const made = nameBeside(file);
  try {
    const fd = createFile(made);
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (!publish(made, file, false)) removeFile(made);
  } catch (error) {
    removeFile(made);
    throw diskError(error, file);
  }
}
