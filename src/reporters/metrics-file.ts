import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { RecordingError } from "../core/model/errors.ts";
import { diskError } from "../platform/disk-error.ts";
import { replaceFile } from "../platform/whole-file.ts";

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
  try {
    replaceFile(file, text, 0o644);
  } catch (error) {
    throw diskError(error, file);
  }
}
