import { lstatSync, type Stats } from "node:fs";
import { type FileHandle, realpath } from "node:fs/promises";
import { join } from "node:path";
import { RecordingError } from "../../core/model/errors.ts";
import type { ByteRange, FileFacts, Reading, Store } from "../../core/model/store.ts";
import { errno } from "../../platform/disk-error.ts";
import { lentBytes, openRegular, unreadable } from "../../platform/files.ts";
import { type Eraser, openEraser } from "./eraser.ts";
import { listFinished } from "./finished-files.ts";

export interface DiskStoreSettings {
  /** Refuses also ways through symbolic links, which whoever owns the archive may have made: for those who answer strangers. */
  readonly strict?: boolean;
}

/** A folder of finished recordings, to read, list and delete. It need not be there. */
export function openDiskStore(root: string, { strict = false }: DiskStoreSettings = {}): Store {
  let eraser: Eraser | undefined;
  const refuseDetour = async (path: string) => {
    const [home, real] = await Promise.all([realpath(root), realpath(absolute(root, path))]);
    if (real !== home + absolute(root, path).slice(join(root).length))
      throw new RecordingError("unsafe-path", `${join(root, path)} is reached through a symbolic link.`);
  };
  return {
    async stat(path) {
      const file = absolute(root, path);
      try {
        const stat = lstatSync(file, { throwIfNoEntry: false });
        if (!stat?.isFile()) return undefined;
        if (strict) await refuseDetour(path);
        return statFacts(stat);
      } catch (error) {
        if (isAbsence(error)) return undefined;
        throw unreadable(file, error);
      }
    },
    async read(path, range) {
      const file = absolute(root, path);
      try {
        const reading = await openReading(file, range);
        if (strict) await refuseDetour(path).catch((error) => closeAndThrow(reading, error));
        return reading;
      } catch (error) {
        if (isAbsence(error)) return undefined;
        throw unreadable(file, error);
      }
    },
    list: ({ under = "", unreadable } = {}) =>
      listFinished(root, under === "" ? root : absolute(root, under), unreadable),
    async remove(path) {
      if (eraser === undefined && lstatSync(root, { throwIfNoEntry: false }) === undefined) {
        absolute(root, path);
        return "absent";
      }
      eraser ??= openEraser(root);
      return eraser.erase(path) ? "removed" : "absent";
    },
    async settle() {
      eraser?.tidy();
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Where a file of the archive lies: the ledger's word is not taken for where a path leads (`unsafe-path`). */
export function absolute(root: string, path: string): string {
  if (!/(?:^|\/)\.{0,2}(?:\/|$)|\0/.test(path)) return join(root, path);
  throw new RecordingError("unsafe-path", `${join(root, "…")}: the path noted for it leads out of the archive.`);
}

function statFacts(stat: Stats): FileFacts {
  return { bytes: stat.size, changedMs: stat.ctimeMs };
}

async function closeAndThrow(reading: Reading, error: unknown): Promise<never> {
  await reading[Symbol.asyncDispose]();
  throw error;
}

async function openReading(path: string, range: ByteRange | undefined): Promise<Reading> {
  const { file, stat } = await openRegular(path);
  return {
    facts: statFacts(stat),
    bytes: range === undefined ? lentBytes(file, path) : bytesIn(file, path, range),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** Whether the file system says that nothing stands there. */
export function isAbsence(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(errno(error) ?? "");
}

/** A listener's part is read in small pieces: there may be many of them, and slow ones. */
const pieceSize = 64 * 1024;

async function* bytesIn(file: FileHandle, path: string, { start, end }: ByteRange): AsyncIterable<Uint8Array> {
  const buffer = Buffer.allocUnsafe(Math.min(pieceSize, Math.max(0, end + 1 - start)));
  try {
    for (let at = start; at <= end; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end + 1 - at), at);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}
