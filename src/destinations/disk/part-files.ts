import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join, sep } from "node:path";
import type { RecordingKey } from "../../core/model/recording.ts";
import { errno } from "../../platform/disk-error.ts";
import { readSmallFile } from "../../platform/small-file.ts";

/** Folder of the archive, relative to its root, in which files stand until they are whole. */
export const partialFolder = ".callreel/partial";

/**
 * Where one recording's bytes gather; the same for every attempt and run, so that each finds what the last one left.
 * Whoever begins or continues puts a file of his own there: nobody ever writes into another's.
 */
export interface PartialPaths {
  readonly part: string;
  /** What is needed to continue the part, and which file it speaks of. Made after it, removed before. */
  readonly note: string;
}

/** What a later run must know to continue a part. */
export interface PartialNote {
  /** The strong ETag of what the part is the beginning of. */
  readonly validator?: string;
  /** Its Last-Modified, where there is no such ETag and the date is old enough to tell versions apart. */
  readonly modified?: string;
  /** Known in any case where there is no validator. */
  readonly total?: number;
  /** The part's own number in the file system (see `fileId`). */
  readonly file?: string;
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
  return { part: `${stem}.part`, note: `${stem}.json` };
}

/** Finds all that lies there of one recording, under its lasting and its private names; relative to the root. */
export function openPartsOf(root: string): (key: RecordingKey) => string[] {
  const folder = join(root, partialFolder);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return (key) => {
    const stem = partialPaths(root, key).part.slice(folder.length + 1, -"part".length);
    return names.filter((name) => name.startsWith(stem)).map((name) => `${partialFolder}/${name}`);
  };
}

const ours = randomBytes(6).toString("hex");
let given = 0;

/** A name that no other thread or process gives, beside `path` and of the same ending. */
export function privateName(path: string): string {
  given += 1;
  const dot = path.lastIndexOf(".");
  return `${path.slice(0, dot)}.${ours}-${given}${path.slice(dot)}`;
}

/** What tells an open file from all others of its file system, whatever its name. */
export function fileId(fd: number): string {
  return String(fstatSync(fd, { bigint: true }).ino);
}

/** The same for whatever stands at a path; undefined when nothing does. */
export function fileIdAt(path: string): string | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? undefined : String(stat.ino);
}

const noFollow = constants.O_NOFOLLOW ?? 0;
const newFile = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | noFollow;

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
  for (const leftover of leftovers) removeFile(leftover);
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

/** Removes the part, unless another attempt's stands there by now. */
export function removePart(paths: PartialPaths, noted: boolean, id: string): void {
  if (fileIdAt(paths.part) !== id) return;
  if (noted) rmSync(paths.note, { force: true });
  removeFile(paths.part);
}

/** Notes how the open part can be continued; in one step, so that nobody reads half a note. */
export function writeNote(paths: PartialPaths, note: PartialNote, id: string): void {
  const made = privateName(paths.note);
  writeFileSync(made, JSON.stringify({ ...note, file: id }), { mode: 0o600, flag: "wx" });
  try {
    renameSync(made, paths.note);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}

/** The part an earlier attempt left, opened to read, as far as it surely is on disk; undefined without one. */
export function openPart(paths: PartialPaths, boot: string): OpenPartial | undefined {
  if (!existsSync(paths.note)) return undefined;
  const note = readNote(paths.note);
  if (note === undefined) return undefined;
  let fd: number;
  try {
    fd = openSync(paths.part, constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (!["ENOENT", "ELOOP", "ENXIO"].includes(errno(error) ?? "")) throw error;
    rmSync(paths.note, { force: true });
    return undefined;
  }
  const stat = fstatSync(fd);
  const length = note.boot === boot && boot !== "" ? stat.size : Math.min(stat.size, note.synced);
  // A second link is the finished file: the part was published, only its removal is missing.
  const sound = stat.isFile() && stat.nlink === 1 && length > 0 && length <= (note.total ?? length);
  if (sound && note.file === fileId(fd)) return { fd, length, note };
  closeSync(fd);
  return undefined;
}

/** A note torn by a crash, or not written by us, means that there is nothing to continue. */
function readNote(path: string): PartialNote | undefined {
  try {
    const note = JSON.parse(readSmallFile(path, 4096)) as Partial<PartialNote>;
    const { validator, modified, total } = note;
    const sound =
      (validator === undefined || (typeof validator === "string" && /^"[^"\r\n]*"$/.test(validator))) &&
      (modified === undefined || (typeof modified === "string" && /^[\w ,:]+$/.test(modified))) &&
      typeof note.boot === "string" &&
      Number.isSafeInteger(note.synced) &&
      (total === undefined ? validator !== undefined : Number.isSafeInteger(total));
    return sound ? (note as PartialNote) : undefined;
  } catch {
    return undefined;
  }
}

/** Removes a file if it is there; Node's `rmSync` asks what kind of file it is first. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errno(error) !== "ENOENT") throw error;
  }
}
