import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { sep } from "node:path";
import type { RecordingKey } from "../../core/recording.ts";
import { errno } from "./disk-error.ts";
import { removeFile } from "./remove-file.ts";

/** Folder of the archive, relative to its root, in which files stand until they are whole. */
export const partialFolder = ".callreel/partial";

/** Where one recording's bytes gather; the same for every attempt and run. */
export interface PartialPaths {
  readonly part: string;
  /** What is needed to continue the part. Never outlives it: made after, removed before. */
  readonly note: string;
  readonly sidecar: string;
}

/** What a later run must know to continue a part. */
export interface PartialNote {
  /** The strong ETag of what the part is the beginning of. */
  readonly validator: string;
  readonly total?: number;
  /** The system start during which the part was written: bytes not yet synced do not survive the next one. */
  readonly boot: string;
  readonly synced: number;
}

export interface OpenPartial {
  readonly fd: number;
  readonly length: number;
  readonly note: PartialNote;
}

export function partialPaths(root: string, key: RecordingKey): PartialPaths {
  const name = /^ringcentral\/\d{1,40}$/.test(key)
    ? key.replace("/", "-")
    : `${key.split("/", 1)[0]?.replace(/[^a-z]/g, "")}-${createHash("sha256").update(key).digest("hex").slice(0, 32)}`;
  const stem = `${root}${sep}${partialFolder}${sep}${name}`;
  return { part: `${stem}.part`, note: `${stem}.json`, sidecar: `${stem}.info.part` };
}

const noFollow = constants.O_NOFOLLOW ?? 0;
const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow;

/** A new, empty file for this user only; undefined when something stands there. */
function tryCreate(path: string): number | undefined {
  try {
    return openSync(path, newFile, 0o600);
  } catch (error) {
    if (errno(error) !== "EEXIST") throw error;
    return undefined;
  }
}

/** A new, empty file; what an earlier attempt left in its place is removed, never written into. */
export function createFile(path: string, leftovers: readonly string[] = [path]): number {
  const fd = tryCreate(path);
  if (fd !== undefined) return fd;
  for (const leftover of leftovers) rmSync(leftover, { force: true });
  return openSync(path, newFile, 0o600);
}

/** The file in which a recording gathers, unless an earlier attempt left one. */
export function tryCreatePart(paths: PartialPaths): number | undefined {
  return tryCreate(paths.part);
}

/** The file in which a recording gathers; the note of an earlier part goes before that part does. */
export function createPart(paths: PartialPaths): number {
  return createFile(paths.part, [paths.note, paths.part]);
}

export function removePart(paths: PartialPaths, noted: boolean): void {
  if (noted) rmSync(paths.note, { force: true });
  removeFile(paths.part);
}

export function writeNote(paths: PartialPaths, note: PartialNote): void {
  rmSync(paths.note, { force: true });
  writeFileSync(paths.note, JSON.stringify(note), { mode: 0o600, flag: "wx" });
}

/** The part an earlier attempt left, opened to read and append, cut to what surely is on disk; undefined without one. */
export function openPart(paths: PartialPaths, boot: string): OpenPartial | undefined {
  if (!existsSync(paths.note)) return undefined;
  const note = readNote(paths.note);
  if (note === undefined) return undefined;
  let fd: number;
  try {
    fd = openSync(paths.part, constants.O_RDWR | noFollow);
  } catch (error) {
    if (errno(error) !== "ENOENT" && errno(error) !== "ELOOP") throw error;
    rmSync(paths.note, { force: true });
    return undefined;
  }
  const stat = fstatSync(fd);
  const length = note.boot === boot && boot !== "" ? stat.size : Math.min(stat.size, note.synced);
  // A second link is the finished file: the part was published, only its removal is missing.
  if (!stat.isFile() || stat.nlink !== 1 || length === 0 || length > (note.total ?? length)) {
    closeSync(fd);
    return undefined;
  }
  if (length < stat.size) ftruncateSync(fd, length);
  return { fd, length, note };
}

/** A note torn by a crash, or not written by us, means that there is nothing to continue. */
function readNote(path: string): PartialNote | undefined {
  try {
    if (lstatSync(path).size > 4096) return undefined;
    const note = JSON.parse(readFileSync(path, "utf8")) as Partial<PartialNote>;
    const sound =
      typeof note.validator === "string" &&
      /^"[^"\r\n]*"$/.test(note.validator) &&
      typeof note.boot === "string" &&
      Number.isSafeInteger(note.synced) &&
      (note.total === undefined || Number.isSafeInteger(note.total));
    return sound ? (note as PartialNote) : undefined;
  } catch {
    return undefined;
  }
}
