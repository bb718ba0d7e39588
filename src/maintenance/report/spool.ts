import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ReportLine } from "../../core/proof/report.ts";
import { diskError } from "../../platform/disk-error.ts";

const batchSize = 500;

/**
 * A report's lines in a file for the time being, so that a month of any size needs no memory. It has no name where the
 * system lets an open file lose it: then nothing stays behind however the program ends. Disposing removes it.
 */
export interface Spool extends Disposable {
  add(line: ReportLine): void;
  /** The lines as they came, some hundred at a time; from the beginning each time. */
  batches(wanted: (line: ReportLine) => boolean): AsyncIterable<readonly ReportLine[]>;
}

export function openSpool(): Spool {
  const folder = mkdtempSync(join(tmpdir(), "callreel-report-"));
  const path = join(folder, "lines");
  const file = openSync(path, "wx+", 0o600);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    remove();
  } catch {}
  let waiting: string[] = [];
  const flush = () => {
    try {
      writeFileSync(file, waiting.join(""));
    } catch (error) {
      throw diskError(error, path);
    }
    waiting = [];
  };
  return {
    add(line) {
      // What readline takes for the end of a line besides.
      waiting.push(`${JSON.stringify(line).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")}\n`);
      if (waiting.length >= batchSize) flush();
    },
    async *batches(wanted) {
      flush();
      let batch: ReportLine[] = [];
      for await (const text of createInterface({
        input: createReadStream(path, { fd: file, start: 0, autoClose: false, encoding: "utf8" }),
        crlfDelay: Infinity,
      })) {
        const line = JSON.parse(text) as ReportLine;
        if (wanted(line)) batch.push(line);
        if (batch.length < batchSize) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
    },
    [Symbol.dispose]: () => {
      closeSync(file);
      remove();
    },
  };
}
