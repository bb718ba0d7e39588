import { closeSync, createReadStream, lstatSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Invocation } from "../cli/io.ts";
import { archiveFolder, ledgerDatabase, ledgerFile } from "../composition/archive.ts";
import { holdsAreLost } from "../core/holds.ts";
import { asRecordingError, RecordingError } from "../core/model/errors.ts";
import type { Archive, PurgedFile } from "../core/model/ledger.ts";
import type { RecordingKey } from "../core/model/recording.ts";
import type { Store } from "../core/model/store.ts";
import { transcriptNames } from "../core/transcripts/names.ts";
import { openEraser } from "../destinations/disk/eraser.ts";
import { siblingsOf } from "../destinations/disk/incoming.ts";
import { openPartsOf } from "../destinations/disk/part-files.ts";
import { sidecarsOf } from "../destinations/disk/sidecar.ts";
import { purgeAside } from "../ledgers/moved-aside.ts";
import { diskError, errno } from "../platform/disk-error.ts";
import { nameBeside } from "../platform/files.ts";
import { openPlain, readSmallFile } from "../platform/small-file.ts";
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
  const eraser = openEraser(root);
  const unrecorded = await unrecordedFiles(root, store, settings, ledger, purged, io.stop);
  const filesOf = await openFilesOf(root, purged, unrecorded, ledger);
  const keys: RecordingKey[] = [];
  const failures: RecordingError[] = [];
  const remove = async ({ path, isAudio }: FileToDelete): Promise<boolean> => {
    try {
      const removal = isAudio ? await store.remove(path) : eraser.erase(path) ? "removed" : "absent";
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
    let whole = true;
    for (const file of filesOf(one)) {
      paths.add(file.path);
      if (!(await remove(file))) whole = false;
    }
    if (whole) keys.push(one.key);
  }
  await store.settle();
  eraser.tidy();
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

/** Audio is at the destination, whatever that is; what lies beside it is on this machine. */
interface FileToDelete {
  readonly path: string;
  readonly isAudio: boolean;
}

async function openFilesOf(
  root: string,
  purged: readonly PurgedFile[],
  unrecorded: ReadonlyMap<RecordingKey, readonly string[]>,
  ledger: Archive,
) {
  const partsOf = openPartsOf(root);
  const siblings = await siblingsThatStand(root, purged, ledger);
  /** Whether another recording's file differs in its extension alone: what is named without it may be of either. */
  const isShared = (path: string, own: readonly string[]) =>
    siblingsOf(path).some((each) => !own.includes(each) && isThere(root, each));
  return ({ key, path, transcripts = [] }: PurgedFile): FileToDelete[] => {
    const named = path === undefined ? [] : [path, ...siblingsOf(path).filter((sibling) => siblings.has(sibling))];
    const audio = [...named, ...(unrecorded.get(key) ?? [])];
    const said = [...transcripts, ...audio.flatMap((each) => transcriptNames(each, isShared(each, audio)))];
    const sounding = new Set(audio);
    const beside = new Set([...said, ...sidecarsOfRecording(root, audio, key), ...partsOf(key)]);
    return [
      ...[...sounding].map((each) => ({ path: each, isAudio: true })),
      ...[...beside].filter((each) => !sounding.has(each)).map((each) => ({ path: each, isAudio: false })),
    ];
  };
}

/** Not the one that names another recording, whose file differs in its extension alone. */
function sidecarsOfRecording(root: string, audio: readonly string[], key: RecordingKey): string[] {
  return audio.flatMap(sidecarsOf).filter((path) => (namedIn(join(root, path)) ?? key) === key);
}

const mostSidecarBytes = 65_536;

function namedIn(sidecar: string): string | undefined {
  try {
    const { key } = JSON.parse(readSmallFile(sidecar, mostSidecarBytes)) as { key?: unknown };
    return typeof key === "string" ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Files that differ in their extension alone, unless they are another recording's: an adopted file keeps its foreign name. */
async function siblingsThatStand(
  root: string,
  purged: readonly PurgedFile[],
  ledger: Archive,
): Promise<ReadonlySet<string>> {
  const paths = purged.flatMap(({ path }) => (path === undefined ? [] : siblingsOf(path)));
  const standing = new Set(paths.filter((path) => isThere(root, path)));
  if (standing.size === 0) return standing;
  for await (const page of ledger.entries({ states: ["done"] }))
    for (const { stored } of page) standing.delete(stored?.path ?? "");
  return standing;
}

function isThere(root: string, path: string): boolean {
  return lstatSync(join(root, path), { throwIfNoEntry: false }) !== undefined;
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
