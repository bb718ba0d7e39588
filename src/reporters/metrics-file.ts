import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { RecordingError } from "../core/model/errors.ts";
import { diskError } from "../platform/disk-error.ts";
import { nameBeside } from "../platform/files.ts";

/** Throws `usage` where no file could be written in the end: told before the run, not after it. */
export function checkMetricsPlace(file: string): void {
  const refuse = (what: string) => {
    throw new RecordingError("usage", `--metrics: ${what}.`);
  };
  const found = statSync(file, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) refuse(`${file} is not a plain file; give the name of a file to write`);
  try {
    accessSync(dirname(file), constants.W_OK | constants.X_OK);
  } catch {
    refuse(`the folder ${dirname(file)} does not exist or is not writable; create it or give another file`);
  }
}

/** Writes the file anew. Whoever reads sees the old file or the new one, whole; node_exporter, which is another user, may read it. */
export function replaceMetrics(file: string, text: string): void {
  const made = nameBeside(file);
  try {
    const fd = openSync(made, "wx", 0o644);
    try {
      fchmodSync(fd, 0o644);
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(made, file);
  } catch (error) {
    rmSync(made, { force: true });
    throw diskError(error, file);
  }
}
