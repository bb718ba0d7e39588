import { closeSync, openSync, writeSync } from "node:fs";
import { RecordingError } from "../core/errors.ts";
import type { Reporter } from "../core/ports.ts";

/** Writes each failed recording as one NDJSON line that `download --rows` takes back; an empty file when none failed. */
export function openErrorFile(path: string): Reporter {
  const file = open(path);
  return {
    report(event) {
      if (event.event !== "recording-failed") return;
      const { source, key, id, locator, call, code, message } = event;
      writeSync(file, `${JSON.stringify({ source, key, id, locator, call, code, message })}\n`);
    },
    async close() {
      closeSync(file);
    },
  };
}

function open(path: string): number {
  try {
    return openSync(path, "w", 0o600);
  } catch (error) {
    const { code = "error" } = error as NodeJS.ErrnoException;
    throw new RecordingError("usage", `--error-file: ${path} cannot be written (${code}).`, { cause: error });
  }
}
