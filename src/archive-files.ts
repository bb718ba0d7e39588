import { createHash } from "node:crypto";
import { createReadStream, type Dir } from "node:fs";
import { open, opendir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { openAudioCheck } from "./core/audio.ts";
import { RecordingError } from "./core/errors.ts";
import type { Stored } from "./core/recording.ts";
import type { FileState } from "./core/verify.ts";

/** Reads a file of the archive and hashes it; undefined when there is none. Errors of the disk are told as such. */
export async function hashFile(root: string, path: string): Promise<FileState | undefined> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of lentBytes(join(root, path))) {
      hash.update(chunk);
      bytes += chunk.byteLength;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new RecordingError("disk-io", `${join(root, path)} cannot be read (${code ?? "error"}).`, { cause: error });
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Buffers to read into, used again: one made for each of a million small files costs more than reading them. */
const spare: Buffer[] = [];

/** The bytes of a file; each chunk is good until the next is asked for. */
async function* lentBytes(path: string): AsyncIterable<Buffer> {
  const file = await open(path);
  const buffer = spare.pop() ?? Buffer.allocUnsafe(1 << 20);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    spare.push(buffer);
    await file.close();
  }
}

/** Reads a file of the archive whole and holds it against all that a recording must be; throws why it is none. */
export async function examineFile(root: string, path: string): Promise<Stored> {
  const hash = createHash("sha256");
  const check = openAudioCheck();
  try {
    for await (const chunk of createReadStream(join(root, path), { highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
      check.chunk(chunk as Buffer);
    }
  } catch (error) {
    if (error instanceof RecordingError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new RecordingError("disk-io", `${join(root, path)} cannot be read (${code ?? "error"}).`, { cause: error });
  }
  return { path, bytes: check.bytes, sha256: hash.digest("hex"), ...check.finish() };
}

/** Every finished file of an archive, relative with `/`: no partial files, nothing of ours, no symlinks followed. */
export async function* finishedFiles(root: string, folder = root): AsyncIterable<string> {
  for await (const entry of await openFolder(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== ".callreel") yield* finishedFiles(root, path);
    } else if (entry.isFile() && isFinished(entry.name)) yield relative(root, path).split(sep).join("/");
  }
}

async function openFolder(folder: string): Promise<Dir> {
  try {
    return await opendir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new RecordingError("disk-io", `${folder} cannot be read (${code ?? "error"}).`, { cause: error });
  }
}

function isFinished(name: string): boolean {
  return !name.startsWith(".") && !name.endsWith(".part") && !name.endsWith(".info.json") && name !== "SHA256SUMS";
}
