import { constants, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { diskError, errno } from "../destinations/disk/disk-error.ts";
import { nameBeside } from "../new-file.ts";

/** The archive's list of hashes, in the form that `sha256sum -c` reads. */
const sumsFile = "SHA256SUMS";

/** Takes the lines of these paths out of the archive's list of hashes, where it has one; in one step. */
export async function removeFromSums(root: string, paths: ReadonlySet<string>): Promise<void> {
  const file = join(root, sumsFile);
  const part = nameBeside(file);
  try {
    const old = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    const next = await open(part, "wx", 0o600);
    try {
      for await (const line of old.readLines()) {
        if (!paths.has(pathIn(line))) await next.write(`${line}\n`);
      }
      await next.sync();
    } finally {
      await next.close();
    }
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    if (errno(error) !== "ENOENT") throw diskError(error, file);
  }
}

/** A line that begins with a backslash has its backslashes and line breaks escaped, as sha256sum does. */
function pathIn(line: string): string {
  const [, mark, path = ""] = /^(\\?)[0-9a-fA-F]{64} [ *](.*)$/.exec(line) ?? [];
  return mark === "" ? path : path.replace(/\\([\\n])/g, (_, escaped) => (escaped === "n" ? "\n" : "\\"));
}
