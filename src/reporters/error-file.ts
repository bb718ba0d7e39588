import { closeSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { RecordingError } from "../core/model/errors.ts";
import type { Reporter } from "../core/model/ports.ts";
import { nameBeside } from "../platform/files.ts";

/**
 * Writes each failed recording as one NDJSON line that `download --rows` takes back; an empty file when none failed. A
 * file of the same name is replaced at the end: it may be the one whose rows are being read.
 */
export function openErrorFile(path: string): Reporter {
  // A pipe or a device stands for itself.
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() !== false;
  const replaced = isFile ? nameBeside(path) : path;
  const file = open(replaced, path, isFile ? "wx" : "w");
  return {
    report(event) {
      if (event.event !== "recording-failed") return;
      const { source, key, id, locator, call, code, message } = event;
      writeSync(file, `${JSON.stringify({ source, key, id, locator, call, code, message })}\n`);
    },
    async close() {
      closeSync(file);
      if (replaced !== path) renameSync(replaced, path);
    },
  };
}

function open(file: string, path: string, flags: "w" | "wx"): number {
  try {
    return openSync(file, flags, 0o600);
  } catch (error) {
    const { code = "error" } = error as NodeJS.ErrnoException;
    throw new RecordingError("usage", `--error-file: ${path} cannot be written (${code}).`, { cause: error });
  }
}
