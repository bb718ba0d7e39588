import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Archive } from "../core/ports.ts";
import { diskError } from "../destinations/disk/disk-error.ts";

/** Writes the archive's head to `.callreel/head`, one line of hex, for whoever keeps heads elsewhere, and returns it. */
export async function noteHead(root: string, ledger: Archive): Promise<string> {
  const head = await ledger.head();
  const path = join(root, ".callreel", "head");
  try {
    mkdirSync(join(root, ".callreel"), { recursive: true, mode: 0o700 });
    replaceFile(path, `${head}\n`);
  } catch (error) {
    throw diskError(error, path);
  }
  return head;
}

/** Whatever stands under either name is replaced, never written through. */
function replaceFile(path: string, text: string): void {
  const part = `${path}.${process.pid}.part`;
  rmSync(part, { force: true });
  const file = openSync(part, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
}
