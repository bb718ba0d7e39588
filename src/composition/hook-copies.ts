import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeFolders } from "../platform/make-folders.ts";

/*
 * Recordings of a bucket that commands work on are copied to the spool, each into a folder of its own, which is named for
 * the process that made it.
 */

/** Makes a folder for one copy. */
export function makeCopyFolder(spool: string, pid: number): string {
  const all = copiesIn(spool);
  makeFolders(all);
  return mkdtempSync(join(all, `${pid}-`));
}

/** Deletes the copies of processes that are no more. */
export function removeLeftCopies(spool: string): void {
  for (const name of namesIn(copiesIn(spool))) {
    const pid = Number.parseInt(name, 10);
    if (!isAlive(pid)) rmSync(join(copiesIn(spool), name), { recursive: true, force: true });
  }
}

function copiesIn(spool: string): string {
  return join(spool, ".callreel", "hooks");
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
