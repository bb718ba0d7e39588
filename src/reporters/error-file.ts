import { closeSync, constants, ftruncateSync, openSync, renameSync, statSync, writeFileSync } from "node:fs";
import { RecordingError } from "../core/model/errors.ts";
import type { Reporter } from "../core/model/ports.ts";
import { diskError } from "../platform/disk-error.ts";
import { nameBeside } from "../platform/files.ts";
import { openOutlet } from "../platform/small-file.ts";

/**
 * Writes each failed recording as one NDJSON line that `download --rows` takes back; an empty file when none failed. A
 * file of the same name is replaced at the end: it may be the one whose rows are being read. Where a line cannot be
 * written, the file keeps the whole ones before it, and `report` throws what the disk said.
 */
export function openErrorFile(path: string): Reporter {
  // A pipe or a device stands for itself.
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() !== false;
  const replaced = isFile ? nameBeside(path) : path;
  const file = open(replaced, path, isFile);
  let length = 0;
  const failed = (error: unknown) => {
    if (isFile) ftruncateSync(file, length);
    throw diskError(error, path);
  };
  return {
    report(event) {
      if (event.event !== "recording-failed") return;
      const { source, key, id, locator, call, code, message } = event;
      const line = Buffer.from(`${JSON.stringify({ source, key, id, locator, call, code, message })}\n`);
      try {
        writeFileSync(file, line);
        length += line.length;
      } catch (error) {
        failed(error);
      }
    },
    async close() {
      closeSync(file);
      try {
        if (replaced !== path) renameSync(replaced, path);
      } catch (error) {
        throw diskError(error, path);
      }
    },
  };
}

function open(file: string, path: string, isFile: boolean): number {
  try {
    return isFile ? openSync(file, "wx", 0o600) : openOutlet(file, constants.O_WRONLY);
  } catch (error) {
    const { code = "error" } = error as NodeJS.ErrnoException;
    throw new RecordingError("usage", `--error-file: ${path} cannot be written (${code}).`, { cause: error });
  }
}
