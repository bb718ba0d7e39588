import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own, gone at the end. */
export interface TempFolder extends Disposable {
  readonly path: string;
  /** Every file in it, relative and sorted; `.callreel` only when asked for. */
  files(options?: { readonly own: boolean }): string[];
}

export function openTempFolder(parent = tmpdir()): TempFolder {
  const path = mkdtempSync(join(parent, "callreel-"));
  return {
    path,
    files: ({ own } = { own: false }) =>
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
        .filter((name) => own || !name.startsWith(".callreel/"))
        .sort(),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
