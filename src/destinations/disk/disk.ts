/*
 * `finish` and `settled` are two steps: bytes complete frees the transfer's slot; files are made safe in groups,
 * which makes `fsync` affordable. The ledger hears of a file only after it is safe.
 */

import { join } from "node:path";
import type { Destination } from "../../core/model/ports.ts";
import type { RecordingKey, Stored } from "../../core/model/recording.ts";
import { diskError, unsafePath } from "../../platform/disk-error.ts";
import { openKeyedMutex } from "../../platform/mutex.ts";
import { type Archive, openArchive } from "./archive-folder.ts";
import { openFreshListing } from "./directory-listing.ts";
import { openEraser } from "./eraser.ts";
import { openIncoming, variantsOf } from "./incoming.ts";
import { openPartsOf, partialFolder, removeFile } from "./part-files.ts";
import { disownedBecause, openKnownHashes, sidecarsOf } from "./sidecar.ts";
import { examine, hashOfFile } from "./stored-file.ts";

/** In this thread: two downloads of one recording come one after the other instead of mixing their bytes. */
const partLocks = openKeyedMutex();

/** Plain data, so that it can cross into a thread. */
export interface DiskSettings {
  /** Give each file the time of its call; true unless told. */
  readonly mtime?: boolean;
  /** Clear away parts that nobody came back for: only for whoever holds the archive's lock. */
  readonly tidy?: boolean;
}

/**
 * An archive in a folder. Bytes gather in `.callreel/partial`, are checked and hashed as they come, synced in groups and
 * then get their final name: whatever happens, a file at a final path is whole and right. Several may work on one folder
 * at once, in as many threads and processes; of two that fetch the same recording one loses, and damages nothing.
 */
export async function openDisk(root: string, settings: DiskSettings = {}): Promise<Destination> {
  const archive = opened(root, settings);
  const knownHashes = openKnownHashes(archive.root);
  const now = openFreshListing(archive.root);
  return {
    async open(path, expect, signal) {
      checkPath(archive.root, path);
      const done = await partLocks(`${archive.root}\0${expect.key}`, signal);
      try {
        return await openIncoming(archive, path, expect, done);
      } catch (error) {
        done();
        throw diskError(error, join(archive.root, path));
      }
    },
    // A player may have put it there since the folder was read.
    has: (path) => [archive.listing, now].some((listing) => variantsOf(path).some(listing.has)),
    async adopt(path) {
      for (const variant of variantsOf(path)) {
        if (!archive.listing.has(variant)) continue;
        const stored = await examine(join(archive.root, variant), variant);
        if (stored === undefined || (await disownedBecause(knownHashes, variant, stored.sha256)) !== undefined)
          continue;
        return stored;
      }
      return undefined;
    },
    remove(path) {
      checkPath(archive.root, path);
      try {
        removeFile(join(archive.root, path));
        archive.listing.remove(path);
      } catch (error) {
        throw diskError(error, join(archive.root, path));
      }
    },
    async withdraw(key, stored) {
      for (const path of await withdraw(archive.root, key, stored)) archive.listing.remove(path);
    },
    [Symbol.asyncDispose]: () => archive.settler[Symbol.asyncDispose](),
  };
}

function opened(root: string, { mtime = true, tidy = false }: DiskSettings): Archive {
  try {
    return openArchive(root, mtime, tidy);
  } catch (error) {
    throw diskError(error, root);
  }
}

const ours = `${partialFolder.split("/", 1)[0]}/`;
const unsafe = /(?:^|\/)\.{0,2}(?:\/|$)|[\x00-\x1f\x7f\\]|^[A-Za-z]:/;

/** Whoever made the path: it stays inside the archive and out of what is ours. */
export function checkPath(root: string, path: string): void {
  if (!unsafe.test(path) && !`${path.toLowerCase()}/`.startsWith(ours)) return;
  throw unsafePath(join(root, "…"), "the path made for it leads out of the archive or into .callreel");
}

/**
 * Deletes what came of a recording that was purged while it was on its way: all its parts, and the file `stored` with its
 * sidecar, unless other bytes stand at its path by now. Returns the paths that are free again.
 */
export async function withdraw(root: string, key: RecordingKey, stored: Stored | undefined): Promise<string[]> {
  const eraser = openEraser(root);
  const ours = stored !== undefined && (await hashOfFile(join(root, stored.path))) === stored.sha256;
  const paths = [...openPartsOf(root)(key), ...(ours ? [stored.path, ...sidecarsOf(stored.path)] : [])];
  const erased = paths.filter((path) => eraser.erase(path));
  eraser.sync();
  return erased;
}
