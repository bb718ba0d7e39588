import { closeSync, createReadStream, existsSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Invocation } from "../cli/io.ts";
import { archiveFolder, ledgerDatabase, ledgerFile, spoolFolder } from "../composition/archive.ts";
import { removeLeftCopies } from "../composition/hook-copies.ts";
import { holdsAreLost } from "../core/holds.ts";
import { asRecordingError, RecordingError } from "../core/model/errors.ts";
import type { Archive, PurgedFile } from "../core/model/ledger.ts";
import type { RecordingKey } from "../core/model/recording.ts";
import type { Store } from "../core/model/store.ts";
import { openEraser } from "../destinations/disk/eraser.ts";
import { openPartsOf } from "../destinations/disk/part-files.ts";
import { purgeAside } from "../ledgers/moved-aside.ts";
import { diskError, errno } from "../platform/disk-error.ts";
import { nameBeside } from "../platform/files.ts";
import { openPlain } from "../platform/small-file.ts";
import { openFilesOf } from "./files-to-delete.ts";
import { unrecordedFiles } from "./unrecorded.ts";

export interface Deletion {
  /** Recordings of which nothing is left. */
  readonly keys: readonly RecordingKey[];
  /** How many came under a legal hold while others were being deleted: what is left of them is kept. */
  readonly kept: number;
  /** Why something could not be deleted; the next purge tries it again. */
  readonly failures: readonly RecordingError[];
}

/**
 * Deletes every file of recordings that the ledger knows as purged: audio under each extension it may have, sidecars,
 * transcripts, parts with their notes, their lines in SHA256SUMS and what ledgers that were moved aside say of them; of those that never
 * were recorded as held also the file that a killed run may have left. Leaves what came under a legal hold meanwhile, and
 * throws `ledger` while holds may be lost. `deleted` hears of each file, relative to the archive
 * or absolute.
 */
export async function deletePurged(
  { settings, io }: Invocation,
  ledger: Archive,
  store: Store,
  deleted: (path: string) => void,
): Promise<Deletion> {
  const lost = await ledger.lostHolds();
  if (lost !== undefined) throw holdsAreLost(lost);
  const purged = (await ledger.purging()).filter(({ holds }) => holds === undefined);
  if (purged.length === 0) return { keys: [], kept: 0, failures: [] };
  const root = archiveFolder(settings, io);
  const spool = spoolFolder(settings, io);
  removeLeftCopies(spool);
  const eraser = existsSync(spool) ? openEraser(spool) : undefined;
  const partsOf = openPartsOf(spool);
  const unrecorded = await unrecordedFiles(root, store, settings, ledger, purged, io.stop);
  const filesOf = await openFilesOf({ settings, root, store, ledger }, purged, unrecorded);
  const keys: RecordingKey[] = [];
  const failures: RecordingError[] = [];
  const remove = async (path: string, isPart = false): Promise<boolean> => {
    try {
      const removal = !isPart ? await store.remove(path) : eraser?.erase(path) ? "removed" : "absent";
      if (removal === "removed") deleted(path);
      if (removal === "locked") failures.push(lockedSince(path));
      return removal !== "locked";
    } catch (error) {
      failures.push(asRecordingError(error));
      return false;
    }
  };
  const isKept = await openHoldWatch(ledger);
  const erased: PurgedFile[] = [];
  const paths = new Set<string>();
  for (const one of purged) {
    if (await isKept(one.key)) continue;
    erased.push(one);
    const files = await filesOf(one);
    for (const path of files) paths.add(path);
    const removed = await Promise.all(files.map((path) => remove(path)));
    for (const path of partsOf(one.key)) removed.push(await remove(path, true));
    if (!removed.includes(false)) keys.push(one.key);
  }
  await store.settle();
  eraser?.tidy();
  await removeFromSums(root, paths);
  const gone = erased.map(({ key }) => key);
  if (ledgerDatabase(settings) === undefined)
    for (const aside of purgeAside(ledgerFile(settings, io), gone)) deleted(aside);
  await ledger.purgeEnded(keys);
  return { keys, kept: purged.length - erased.length, failures };
}

/** Tells whether a purged recording has come under a legal hold since: holds are placed at once, beside a purge. */
async function openHoldWatch(ledger: Archive): Promise<(key: RecordingKey) => Promise<boolean>> {
  const inForce = async () => (await ledger.holds()).map(({ name }) => name).join();
  let seen = await inForce();
  let kept = new Set<RecordingKey>();
  return async (key) => {
    const now = await inForce();
    if (now !== seen) {
      seen = now;
      kept = new Set((await ledger.purging()).filter(({ holds }) => holds !== undefined).map((one) => one.key));
    }
    return kept.has(key);
  };
}

/** A lock that came between the look before the purge and the deletion. */
function lockedSince(path: string): RecordingError {
  return new RecordingError(
    "locked",
    `Not deleted: ${path} has been locked meanwhile. Purge again when the lock ends.`,
  );
}

/** The archive's list of hashes, in the form that `sha256sum -c` reads. */
const sumsFile = "SHA256SUMS";

/** Takes the lines of these paths out of the archive's list of hashes, where it has one; in one step. */
export async function removeFromSums(root: string, paths: ReadonlySet<string>): Promise<void> {
  const file = join(root, sumsFile);
  const part = nameBeside(file);
  try {
    const old = openPlain(file);
    const next = await open(part, "wx", 0o600).catch((error) => {
      closeSync(old);
      throw error;
    });
    try {
      // Lines that are read before anybody takes them are lost: nothing may be waited for between these two.
      const lines = createInterface({
        input: createReadStream(file, { fd: old }),
        crlfDelay: Number.POSITIVE_INFINITY,
      });
      for await (const line of lines) {
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
