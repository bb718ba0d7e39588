/*
 * Nobody writes into another's file. A part that is continued is copied first, and before a file gets its final name
 * it gets one that nobody else knows and is held against the open file's inode: a run that was stopped for an hour
 * can only find that its claim is lost (`lost-claim`). Notes name the inode they speak of. Only who holds the
 * archive's lock tidies up.
 */

import { closeSync, futimesSync, linkSync, renameSync } from "node:fs";
import { join } from "node:path";
import { RecordingError } from "../../core/model/errors.ts";
import type { RecordingKey, Stored } from "../../core/model/recording.ts";
import { diskError, errno, unsafePath } from "../../platform/disk-error.ts";
import { standing } from "../../platform/standing.ts";
import type { Folders } from "./archive-folder.ts";
import type { Listing } from "./directory-listing.ts";
import { fileId, fileIdAt, privateName, removeFile } from "./part-files.ts";
import type { Sidecar } from "./sidecar.ts";
import { hashOfFile, openSyncer, type Syncer, syncFile } from "./stored-file.ts";

/** A whole, checked file that waits in the partial folder to be made safe. */
export interface Finished {
  readonly key: RecordingKey;
  readonly fd: number;
  readonly from: string;
  /** Goes when the file has its final name. */
  readonly note: string | undefined;
  readonly stored: Stored;
  /** May replace what stands at the path by this number; see `fileIdAt`. */
  readonly replaces?: { readonly id: string | undefined };
  /** The time it gets, milliseconds. */
  readonly mtimeMs?: number | undefined;
  readonly sidecar: Sidecar | undefined;
}

/** Makes finished files safe in groups: their bytes synced together, then renamed, then their folders synced once. */
export interface Settler extends AsyncDisposable {
  /** Resolves when the file and its name survive a power cut. */
  add(file: Finished): Promise<Stored>;
  /** Set while too many files wait: resolves when there is room again. */
  readonly crowded: Promise<unknown> | undefined;
}

interface Waiting {
  readonly file: Finished;
  readonly resolve: (stored: Stored) => void;
  readonly reject: (error: unknown) => void;
}

interface Tools {
  readonly root: string;
  readonly folders: Folders;
  readonly listing: Listing;
  readonly syncer: Syncer;
}

/** So many files start a group at once; fewer wait a little for company. */
const fullGroup = 64;
const patienceMs = 4;
/** Files open and waiting. */
const mostWaiting = 192;
/** Files from this size on are synced on their own, so that their small neighbours do not wait for them. */
const longFrom = 16 * 1024 * 1024;

export function openSettler(root: string, folders: Folders, listing: Listing): Settler {
  let waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  const long = new Set<Promise<unknown>>();
  const tools: Tools = { root, folders, listing, syncer: openSyncer() };

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    if (running !== undefined || waiting.length === 0) return;
    const group = waiting;
    waiting = [];
    running = settle(group, tools).finally(() => {
      running = undefined;
      if (waiting.length > 0) start();
    });
  }

  function enqueue(file: Finished): Promise<Stored> {
    return new Promise((resolve, reject) => {
      waiting.push({ file, resolve, reject });
      if (running !== undefined) return;
      if (waiting.length >= fullGroup) start();
      else timer ??= setTimeout(start, patienceMs);
    });
  }

  async function settleLong(file: Finished): Promise<Stored> {
    try {
      await syncFile(file.fd);
    } catch (error) {
      dropFile(file);
      throw diskError(error, join(root, file.stored.path));
    }
    return enqueue(file);
  }

  return {
    get crowded() {
      return waiting.length < mostWaiting ? undefined : running;
    },
    add(file) {
      if (file.stored.bytes < longFrom) return enqueue(file);
      const settled = settleLong(file);
      const quiet = settled.catch(() => undefined).finally(() => long.delete(quiet));
      long.add(quiet);
      return settled;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(long);
      while (waiting.length > 0 || running !== undefined) {
        start();
        await running;
      }
    },
  };
}

/** One group from "whole" to "safe". Never rejects: each file hears its own outcome. */
async function settle(group: readonly Waiting[], { root, folders, listing, syncer }: Tools): Promise<void> {
  const synced = await Promise.all(group.map((one) => syncFiles(one, root, syncer)));
  const named: Waiting[] = [];
  const touched = new Set<string>();
  for (const one of synced) {
    if (one === undefined) continue;
    const folder = await giveName(one, root, folders);
    if (folder === undefined) continue;
    touched.add(folder);
    named.push(one);
  }
  try {
    await Promise.all([...touched, ...folders.takeUnsynced()].map(syncer.folder));
  } catch (error) {
    for (const { reject } of named) reject(diskError(error, root));
    return;
  }
  for (const { file, resolve } of named) {
    listing.add(file.stored.path);
    resolve(file.stored);
  }
}

async function syncFiles(one: Waiting, root: string, syncer: Syncer): Promise<Waiting | undefined> {
  const { file, reject } = one;
  try {
    if (file.sidecar === undefined) await syncer.file(file.fd);
    else await Promise.all([syncer.file(file.fd), syncer.file(file.sidecar.fd)]);
    return one;
  } catch (error) {
    dropFile(file);
    reject(diskError(error, join(root, file.stored.path)));
    return undefined;
  }
}

/** Puts the file, then its sidecar, at their final paths; returns the folder to sync, or undefined when it failed. */
async function giveName({ file, reject }: Waiting, root: string, folders: Folders): Promise<string | undefined> {
  const path = join(root, file.stored.path);
  try {
    const from = takeAside(file.fd, file.from);
    const folder = await publishAside(file, from, path, folders);
    if (file.note !== undefined) removeFile(file.note);
    setTime(file);
    if (file.sidecar !== undefined) publish(file.sidecar.from, join(root, file.sidecar.path), true);
    closeFiles(file);
    return folder;
  } catch (error) {
    dropFile(file);
    reject(diskError(error, path));
    return undefined;
  }
}

async function publishAside(file: Finished, from: string, path: string, folders: Folders): Promise<string> {
  try {
    return await publishInFolder(file, from, path, folders);
  } catch (error) {
    quietly(() => removeFile(from));
    throw error;
  }
}

async function publishInFolder(file: Finished, from: string, path: string, folders: Folders): Promise<string> {
  const relative = file.stored.path.slice(0, Math.max(0, file.stored.path.lastIndexOf("/")));
  const { replaces } = file;
  // Whoever replaced it meanwhile fetched it later than this one.
  if (replaces !== undefined && fileIdAt(path) !== replaces.id) throw lostClaim();
  const overwrite = replaces !== undefined;
  let folder: string;
  let published: boolean;
  try {
    folder = folders.ensure(relative);
    published = publish(from, path, overwrite);
  } catch (error) {
    if (errno(error) !== "ENOENT") throw error;
    // Somebody tidied an empty folder away since it was made.
    folders.forget(relative);
    folder = folders.ensure(relative);
    published = publish(from, path, overwrite);
  }
  if (!published) await takeAsOurs(from, file.stored, path);
  return folder;
}

/** A run that was killed between name and ledger leaves the very file that now comes again. */
async function takeAsOurs(from: string, stored: Stored, path: string): Promise<void> {
  if ((await hashOfFile(path)) !== stored.sha256) {
    throw unsafePath(path, "another file has that name already; --force-overwrites replaces it");
  }
  removeFile(from);
}

/** Only now: until it has its name, its time tells how long ago somebody worked on it. */
function setTime({ fd, mtimeMs }: Finished): void {
  if (mtimeMs !== undefined) quietly(() => futimesSync(fd, mtimeMs / 1000, mtimeMs / 1000));
}

function closeFiles({ fd, sidecar }: Finished): void {
  quietly(() => closeSync(fd));
  if (sidecar !== undefined) quietly(() => closeSync(sidecar.fd));
}

function dropFile(file: Finished): void {
  quietly(() => {
    if (fileIdAt(file.from) !== fileId(file.fd)) return;
    if (file.note !== undefined) removeFile(file.note);
    removeFile(file.from);
  });
  closeFiles(file);
  const { sidecar } = file;
  if (sidecar !== undefined) quietly(() => removeFile(sidecar.from));
}

/** Tidying up: what fails here harms nobody, and the error that led here is the one to tell. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {}
}

/** File systems without hard links (FAT, some network shares), and files that may not get one. */
const noLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL"]);

/**
 * Gives an open file a name that nobody else knows, so that what is published under it is that very file. Throws
 * `lost-claim` when another attempt's stands at `from` by now; that one stays.
 */
export function takeAside(fd: number, from: string): string {
  const id = fileId(fd);
  if (fileIdAt(from) !== id) throw lostClaim();
  const aside = privateName(from);
  renameSync(from, aside);
  if (fileIdAt(aside) === id) return aside;
  if (!publish(aside, from, false)) removeFile(aside);
  throw lostClaim();
}

/** What a writer hears that was stopped for so long that another took its recording over. */
export function lostClaim(): RecordingError {
  const message =
    "Another run took this recording over while this one made no progress; what this one had downloaded of it is dropped.";
  return new RecordingError("lost-claim", message);
}

/**
 * Puts a finished file at its final path in one step. Without `overwrite` nothing that stands there is ever replaced:
 * returns false, and the file stays where it was.
 */
export function publish(from: string, to: string, overwrite: boolean): boolean {
  if (overwrite) {
    renameSync(from, to);
    return true;
  }
  try {
    linkSync(from, to);
  } catch (error) {
    const code = errno(error) ?? "";
    if (code === "EEXIST") return false;
    if (!noLinks.has(code)) throw error;
    return renameToFree(from, to);
  }
  removeFile(from);
  return true;
}

function renameToFree(from: string, to: string): boolean {
  if (standing(to) !== undefined) return false;
  renameSync(from, to);
  return true;
}
