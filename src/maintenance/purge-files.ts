import { existsSync } from "node:fs";
import type { Invocation } from "../cli/io.ts";
import { archiveFolder, ledgerDatabase, ledgerFile, spoolFolder } from "../composition/archive.ts";
import { removeLeftCopies } from "../composition/hook-copies.ts";
import { holdsAreLost } from "../core/holds.ts";
import { asRecordingError, type RecordingError } from "../core/model/errors.ts";
import type { Archive, PurgedFile } from "../core/model/ledger.ts";
import type { RecordingKey } from "../core/model/recording.ts";
import type { Store } from "../core/model/store.ts";
import { openEraser } from "../destinations/disk/eraser.ts";
import { openPartsOf } from "../destinations/disk/part-files.ts";
import { purgeAside } from "../ledgers/sqlite/moved-aside.ts";
import { openFilesOf } from "./files-to-delete.ts";
import { removeFromSums } from "./sums-file.ts";
import { unrecordedFiles } from "./unrecorded.ts";

export interface Deletion {
  /** Recordings of which nothing is left. */
  readonly keys: readonly RecordingKey[];
  /** How many came under a legal hold while others were being deleted: what is left of them is kept. */
  readonly kept: number;
  /** Why something could not be deleted; the next purge tries it again. */
  readonly failures: readonly RecordingError[];
  /** What its store keeps, for a lock that came since the look before the purge; likewise. */
  readonly locked: readonly string[];
}

/**
 * Deletes every file of recordings that the ledger knows as purged: audio under each extension it may have, sidecars,
 * transcripts, parts with their notes, their lines in SHA256SUMS and what ledgers that were moved aside say of them; of those that never
 * were recorded as held also the file that a killed run may have left. Leaves what came under a legal hold meanwhile, and
 * throws `ledger` while holds may be lost. `deleted` hears of each file, relative to the archive
 * or absolute.
 */
export async function deletePurged(
  invocation: Invocation,
  ledger: Archive,
  store: Store,
  deleted: (path: string) => void,
): Promise<Deletion> {
  const { settings, io } = invocation;
  const lost = await ledger.lostHolds();
  if (lost !== undefined) throw holdsAreLost(lost);
  const purged = (await ledger.purging()).filter(({ holds }) => holds === undefined);
  if (purged.length === 0) return { keys: [], kept: 0, failures: [], locked: [] };
  const root = archiveFolder(settings, io);
  const spool = spoolFolder(settings, io);
  removeLeftCopies(spool);
  const eraser = existsSync(spool) ? openEraser(spool) : undefined;
  const partsOf = openPartsOf(spool);
  const unrecorded = await unrecordedFiles(root, store, settings, ledger, purged, io.stop);
  const filesOf = await openFilesOf({ settings, root, store, ledger }, purged, unrecorded);
  const keys: RecordingKey[] = [];
  const failures: RecordingError[] = [];
  const locked: string[] = [];
  const remove = async (path: string, isPart = false): Promise<boolean> => {
    try {
      const removal = !isPart ? await store.remove(path) : eraser?.erase(path) ? "removed" : "absent";
      if (removal === "removed") deleted(path);
      if (removal === "locked") locked.push(path);
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
  if ((await removeFromSums(invocation, store, paths)) === "locked") {
    locked.push("SHA256SUMS");
    keys.length = 0;
  }
  const gone = erased.map(({ key }) => key);
  if (ledgerDatabase(settings) === undefined)
    for (const aside of purgeAside(ledgerFile(settings, io), gone)) deleted(aside);
  await ledger.purgeEnded(keys);
  return { keys, kept: purged.length - erased.length, failures, locked };
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
