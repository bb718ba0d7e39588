import { createHash } from "node:crypto";
import { closeSync, constants, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { copyFile, link, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RecordingError } from "../core/model/errors.ts";
import type { Store } from "../core/model/store.ts";
import type { FileState } from "../core/proof/verify.ts";
import { hashFile, nameBeside } from "../platform/files.ts";
import { makeFolders } from "../platform/make-folders.ts";
import { openPlain } from "../platform/small-file.ts";

/** A folder for handing over, in the making: it has its name only once it is whole. */
export interface ExportFolder {
  /** The files put in so far. */
  readonly files: readonly ExportedFile[];
  /** Puts a file of the archive in and says what was read on the way; undefined when it is not there. */
  add(path: string): Promise<FileState | undefined>;
  /** Writes a file of this name piece by piece. */
  pour(name: string, pieces: AsyncIterable<string>): Promise<void>;
  /** Writes files beside the recordings, and returns the SHA-256 of each. */
  write(texts: Readonly<Record<string, string>>): Promise<readonly ExportedText[]>;
  /** Makes all of it safe and gives the folder its name. */
  finish(): Promise<void>;
  /** Leaves nothing. */
  discard(): void;
}

export interface ExportedFile extends FileState {
  /** As in the archive. */
  readonly path: string;
}

export interface ExportedText {
  readonly name: string;
  readonly sha256: string;
}

/** Refuses a folder with anything in it; `flag` begins the error's sentence. */
export function refuseFilled(folder: string, flag: string): void {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isDirectory()) {
    throw new RecordingError("usage", `${flag}: ${folder} is not a folder; name a new one.`);
  }
  if (stat !== undefined && readdirSync(folder).length > 0) {
    throw new RecordingError("usage", `${flag}: ${folder} is not empty; name a new folder.`);
  }
}

/** Brings a file of the archive to `target` and says what was read on the way; undefined when it is not there. */
export type Bring = (path: string, target: string) => Promise<FileState | undefined>;

/**
 * From a folder: by copies, as reflinks where the file system has them; `byLink` makes hard links instead, which cost
 * nothing but share their fate with the archive's.
 */
export function fromFolder(root: string, byLink = false): Bring {
  return (path, target) => (byLink ? linkOrCopy(root, path, target) : copy(root, path, target));
}

/** From any store, through this process. */
export function fromStore(store: Store): Bring {
  return async (path, target) => {
    await using reading = await store.read(path);
    if (reading === undefined) return undefined;
    const file = await open(target, "wx", 0o600);
    try {
      for await (const chunk of reading.bytes) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    return await hashFile(dirname(target), basename(target));
  };
}

/** Begins a folder that is to stand at `folder`, with files of the archive under `inside`. */
export function openExportFolder(bring: Bring, folder: string, inside: string): ExportFolder {
  makeFolders(dirname(folder));
  const part = nameBeside(folder);
  mkdirSync(part, { mode: 0o700 });
  makeFolders(join(part, inside));
  const files: ExportedFile[] = [];
  return {
    files,
    async add(path) {
      const target = join(part, inside, path);
      makeFolders(dirname(target));
      const state = await bring(path, target);
      if (state !== undefined) files.push({ path, ...state });
      return state;
    },
    async pour(name, pieces) {
      const file = await open(join(part, name), "wx", 0o600);
      try {
        for await (const piece of pieces) await file.write(piece);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    async write(texts) {
      for (const [name, text] of Object.entries(texts)) await writeSynced(join(part, name), text);
      return Object.entries(texts).map(([name, text]) => ({ name, sha256: sha256(text) }));
    },
    async finish() {
      for (const each of foldersUnder(part)) await syncAt(each);
      // Takes the place of an empty folder, and of nothing else.
      renameSync(part, folder);
      await syncAt(dirname(folder));
    },
    discard: () => rmSync(part, { recursive: true, force: true }),
  };
}

/** A hard link costs no space; what is read for the hash is then the file itself. Across file systems it is copied. */
async function linkOrCopy(root: string, path: string, target: string): Promise<FileState | undefined> {
  try {
    await link(join(root, path), target);
    return await hashFile(dirname(target), basename(target));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (!["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "ENOSYS"].includes(code ?? "")) throw error;
  }
  return copy(root, path, target);
}

/** What is hashed is the copy. */
async function copy(root: string, path: string, target: string): Promise<FileState | undefined> {
  const { COPYFILE_EXCL, COPYFILE_FICLONE } = constants;
  try {
    closeSync(openPlain(join(root, path)));
    await copyFile(join(root, path), target, COPYFILE_EXCL | COPYFILE_FICLONE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  await syncAt(target);
  return hashFile(dirname(target), basename(target));
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncAt(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function foldersUnder(folder: string): string[] {
  const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...inside.flatMap(({ name }) => foldersUnder(join(folder, name))), folder];
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
