import { createHash } from "node:crypto";
import { closeSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { copyFile, link, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RecordingError } from "../core/model/errors.ts";
import type { FileState } from "../core/proof/verify.ts";
import { hashFile, nameBeside } from "../platform/files.ts";
import { openPlain } from "../platform/small-file.ts";

/** A bag (RFC 8493) in the making: it has its name only once it is whole. */
export interface Bag {
  /** Puts a file of the archive into the bag and says what was read on the way; undefined when it is not there. */
  add(path: string): Promise<FileState | undefined>;
  /** Writes the manifests and tag files, and gives the bag its name. */
  close(tags: Readonly<Record<string, string>>, info: readonly (readonly [string, string])[]): Promise<void>;
  /** Leaves nothing. */
  discard(): void;
}

/**
 * Opens a bag at `folder` for files of `root`; refuses a folder with anything in it. Files are copied, as reflinks where
 * the file system has them; `byLink` makes hard links instead, which cost nothing but share their fate with the archive's.
 */
export function openBag(root: string, folder: string, byLink = false): Bag {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new RecordingError("usage", `--bagit: ${folder} is not empty; name a new folder.`);
  }
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  const part = nameBeside(folder);
  mkdirSync(part, { mode: 0o700 });
  mkdirSync(join(part, "data"), { mode: 0o700 });
  const manifest: string[] = [];
  let bytes = 0;
  return {
    async add(path) {
      const target = join(part, "data", path);
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      const state = byLink ? await linkOrCopy(root, path, target) : await copy(root, path, target);
      if (state === undefined) return undefined;
      bytes += state.bytes;
      manifest.push(`${state.sha256}  ${encodePath(`data/${path}`)}\n`);
      return state;
    },
    async close(tags, info) {
      const lines = [...info, ["Payload-Oxum", `${bytes}.${manifest.length}`] as const];
      const files: Record<string, string> = {
        "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": lines.map(([name, value]) => `${name}: ${value.replace(/[\r\n]+/g, " ")}\n`).join(""),
        "manifest-sha256.txt": manifest.join(""),
        ...tags,
      };
      for (const [name, text] of Object.entries(files)) await writeSynced(join(part, name), text);
      const sums = Object.entries(files).map(([name, text]) => `${sha256(text)}  ${encodePath(name)}\n`);
      await writeSynced(join(part, "tagmanifest-sha256.txt"), sums.join(""));
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

/** RFC 8493 2.1.3: line breaks and the sign that escapes them. */
function encodePath(path: string): string {
  return path.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
