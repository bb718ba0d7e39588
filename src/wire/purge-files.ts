import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Invocation } from "../command.ts";
import { asRecordingError, type RecordingError } from "../core/errors.ts";
import type { Archive, PurgedFile } from "../core/ports.ts";
import type { RecordingKey } from "../core/recording.ts";
import { openEraser } from "../destinations/disk/eraser.ts";
import { openPartsOf } from "../destinations/disk/partial.ts";
import { sidecarsOf } from "../destinations/disk/sidecar.ts";
import { siblingsOf } from "../destinations/disk/variants.ts";
import { purgeAside } from "../ledgers/aside.ts";
import { archiveFolder, ledgerFile } from "./archive.ts";
import { removeFromSums } from "./sums.ts";
import { unrecordedFiles } from "./unrecorded.ts";

export interface Deletion {
  /** Recordings of which nothing is left. */
  readonly keys: readonly RecordingKey[];
  /** Why something could not be deleted; the next purge tries it again. */
  readonly failures: readonly RecordingError[];
}

/**
 * Deletes every file of recordings that the ledger knows as purged: audio under each extension it may have, sidecars,
 * parts with their notes, their lines in SHA256SUMS and what ledgers that were moved aside say of them; of those that never
 * were recorded as held also the file that a killed run may have left. `deleted` hears of each file, relative to the archive
 * or absolute.
 */
export async function deletePurged(
  { settings, io }: Invocation,
  ledger: Archive,
  deleted: (path: string) => void,
): Promise<Deletion> {
  const purged = await ledger.purging();
  if (purged.length === 0) return { keys: [], failures: [] };
  const root = archiveFolder(settings, io);
  const eraser = openEraser(root);
  const unrecorded = await unrecordedFiles(root, settings, ledger, purged, io.stop);
  const filesOf = await openFilesOf(root, purged, unrecorded, ledger);
  const keys: RecordingKey[] = [];
  const failures: RecordingError[] = [];
  const erase = (path: string) => {
    try {
      if (eraser.erase(path)) deleted(path);
      return true;
    } catch (error) {
      failures.push(asRecordingError(error));
      return false;
    }
  };
  for (const one of purged) if (filesOf(one).map(erase).every(Boolean)) keys.push(one.key);
  eraser.tidy();
  await removeFromSums(root, new Set(purged.flatMap(filesOf)));
  for (const aside of purgeAside(
    ledgerFile(settings, io),
    purged.map(({ key }) => key),
  ))
    deleted(aside);
  await ledger.purgeEnded(keys);
  return { keys, failures };
}

async function openFilesOf(
  root: string,
  purged: readonly PurgedFile[],
  unrecorded: ReadonlyMap<RecordingKey, readonly string[]>,
  ledger: Archive,
) {
  const partsOf = openPartsOf(root);
  const siblings = await siblingsThatStand(root, purged, ledger);
  return ({ key, path }: PurgedFile): string[] => {
    const named = path === undefined ? [] : [path, ...siblingsOf(path).filter((sibling) => siblings.has(sibling))];
    const audio = [...named, ...(unrecorded.get(key) ?? [])];
    return [...new Set([...audio, ...sidecarsOfRecording(root, audio, key), ...partsOf(key)])];
  };
}

/** Not the one that names another recording, whose file differs in its extension alone. */
function sidecarsOfRecording(root: string, audio: readonly string[], key: RecordingKey): string[] {
  return audio.flatMap(sidecarsOf).filter((path) => (namedIn(join(root, path)) ?? key) === key);
}

const mostSidecarBytes = 65_536;

function namedIn(sidecar: string): string | undefined {
  try {
    const found = lstatSync(sidecar);
    if (!found.isFile() || found.size > mostSidecarBytes) return undefined;
    const { key } = JSON.parse(readFileSync(sidecar, "utf8")) as { key?: unknown };
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
  const standing = new Set(
    paths.filter((path) => lstatSync(join(root, path), { throwIfNoEntry: false }) !== undefined),
  );
  if (standing.size === 0) return standing;
  for await (const page of ledger.entries({ states: ["done"] }))
    for (const { stored } of page) standing.delete(stored?.path ?? "");
  return standing;
}
