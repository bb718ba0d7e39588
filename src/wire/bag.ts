import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { link, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { hashFile } from "../archive-files.ts";
import { RecordingError } from "../core/errors.ts";
import type { FileState } from "../core/verify.ts";

/** A bag (RFC 8493) in the making: it has its name only once it is whole. */
export interface Bag {
  /** Puts a file of the archive into the bag and says what was read on the way; undefined when it is not there. */
  add(path: string): Promise<FileState | undefined>;
  /** Writes the manifests and tag files, and gives the bag its name. */
  close(tags: Readonly<Record<string, string>>, info: readonly (readonly [string, string])[]): Promise<void>;
  /** Leaves nothing. */
  discard(): void;
}

/** Opens a bag at `folder` for files of `root`; refuses a folder with anything in it. */
export function openBag(root: string, folder: string): Bag {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new RecordingError("usage", `--bagit: ${folder} is not empty; name a new folder.`);
  }
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(join(part, "data"), { recursive: true, mode: 0o700 });
  const manifest: string[] = [];
  let bytes = 0;
  return {
    async add(path) {
      const target = join(part, "data", path);
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      const state = await linkOrCopy(root, path, target);
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
      for (const [name, text] of Object.entries(files)) await writeFile(join(part, name), text, { mode: 0o600 });
      const sums = Object.entries(files).map(([name, text]) => `${sha256(text)}  ${encodePath(name)}\n`);
      await writeFile(join(part, "tagmanifest-sha256.txt"), sums.join(""), { mode: 0o600 });
      if (existsSync(folder)) rmSync(folder, { recursive: true });
      renameSync(part, folder);
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
  const hash = createHash("sha256");
  let bytes = 0;
  const counted = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  };
  await pipeline(createReadStream(join(root, path)), counted, createWriteStream(target, { mode: 0o600 }));
  return { bytes, sha256: hash.digest("hex") };
}

/** RFC 8493 2.1.3: line breaks and the sign that escapes them. */
function encodePath(path: string): string {
  return path.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
