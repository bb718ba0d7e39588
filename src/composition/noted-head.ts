import { join } from "node:path";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import { diskError, errno } from "../platform/disk-error.ts";
import { makeFolders } from "../platform/make-folders.ts";
import { readSmallFile } from "../platform/small-file.ts";
import { replaceFile } from "../platform/whole-file.ts";

/**
 * Writes the archive's head to `.callreel/head`, one line of hex, for whoever keeps heads elsewhere, and returns it. What
 * another run records meanwhile is in it, too: the older head is never written last. One that the archive's history does not
 * contain stays, as the trace of what was lost, until `verify` has told it.
 */
export async function noteHead(root: string, ledger: Archive): Promise<string> {
  return (await lostHead(root, ledger)) === undefined ? noteHeadAnew(root, ledger) : ledger.head();
}

/** The same, whatever stands there. */
export async function noteHeadAnew(root: string, ledger: Archive): Promise<string> {
  let head = await ledger.head();
  for (let noted: string | undefined; noted !== head; head = await ledger.head()) {
    writeHead(root, head);
    noted = head;
  }
  return head;
}

/**
 * The head that was noted last, where the archive's history does not contain it: an older copy of the ledger was put in
 * place, or its newest records were removed. Undefined where it does, and where none was noted.
 */
export async function lostHead(root: string, ledger: Archive): Promise<string | undefined> {
  const noted = readHead(headFile(root));
  if (noted === undefined || (await ledger.findHead(noted)) !== undefined) return undefined;
  return noted;
}

/** What a lost head means, for a person. */
export const lostHeadMeans =
  ".callreel/head names a head that the ledger's history does not contain: an older copy of the ledger was put in place, or its newest records were removed";

function headFile(root: string): string {
  return join(root, ".callreel", "head");
}

/** Undefined where there is none, and where what is there is no head. */
function readHead(path: string): string | undefined {
  try {
    return /^[0-9a-f]{64}(?=\s*$)/.exec(readSmallFile(path, 1024))?.[0];
  } catch (error) {
    if (error instanceof RecordingError || errno(error) !== undefined) return undefined;
    throw error;
  }
}

function writeHead(root: string, head: string): void {
  const path = headFile(root);
  try {
    makeFolders(join(root, ".callreel"));
    replaceFile(path, `${head}\n`);
  } catch (error) {
    throw diskError(error, path);
  }
}
