import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { RecordingError } from "../core/model/errors.ts";
import { diskError } from "./disk-error.ts";
import { nameBeside } from "./files.ts";

/** Throws `usage` where `file` cannot be a new file: told before the work, not after it. `flag` begins the sentence. */
export function checkFilePlace(file: string, folder: string, flag: string): void {
  const refuse = (what: string) => {
    throw new RecordingError("usage", `${flag}: ${what}.`);
  };
  const found = statSync(file, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile())
    refuse(`${file} is not a plain file; give a file's name, or - for stdout`);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) refuse(`there is no folder ${folder}`);
}

/**
 * A small file in place of whatever stands there: whoever reads, also after a power cut, finds the old one or the new one,
 * whole. Throws what the system says.
 */
export function replaceFile(file: string, text: string, mode = 0o600): void {
  const made = nameBeside(file);
  try {
    const fd = openSync(made, "wx", mode);
    try {
      // The umask has its say in `open`.
      fchmodSync(fd, mode);
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(made, file);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}

/** Writes the file (0600) from its parts; it has its name only once it is whole and synced, and what stood there before is replaced. */
export async function writeWhole(file: string, parts: AsyncIterable<string>): Promise<void> {
  const made = nameBeside(file);
  let handle: FileHandle | undefined;
  try {
    handle = await open(made, "wx", 0o600);
    for await (const part of parts) await handle.appendFile(part);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(made, file);
  } catch (error) {
    await handle?.close();
    await rm(made, { force: true });
    throw diskError(error, file);
  }
}
