import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";

/** Bytes that come in at the end and are read anywhere, in a file without a name: it is gone when nobody has it open. */
export interface Spool {
  /** Bytes that can be read. */
  readonly length: number;
  /** Whether the disk failed: nothing more comes in. */
  readonly failed: boolean;
  /** Never rejects. A returned promise asks for a pause: the disk is slower than what comes. */
  append(bytes: Uint8Array): void | Promise<void>;
  /** At most `most` bytes from `at` on. */
  read(at: number, most: number): Promise<Buffer>;
  /** Never rejects. */
  close(): Promise<void>;
}

/** Bytes that wait in memory for the disk before it asks for a pause. */
const mostWaiting = 1024 * 1024;

/** `changed` is called when there is more to read, and when the disk failed. */
export function openSpool(folder: string, changed: () => void): Spool {
  let file: Promise<FileHandle> | undefined;
  let pieces: Uint8Array[] = [];
  let waiting = 0;
  let length = 0;
  let failed = false;
  let closed = false;
  let running: Promise<void> | undefined;

  async function write(): Promise<void> {
    try {
      file ??= openNameless(folder);
      const handle = await file;
      while (pieces.length > 0) {
        const block = Buffer.concat(pieces);
        pieces = [];
        waiting = 0;
        await writeAll(handle, block, length);
        length += block.length;
        changed();
      }
    } catch {
      failed = true;
      pieces = [];
      changed();
    } finally {
      running = undefined;
    }
  }

  return {
    get length() {
      return length;
    },
    get failed() {
      return failed;
    },
    append(bytes) {
      if (failed || closed || bytes.length === 0) return undefined;
      pieces.push(bytes);
      waiting += bytes.length;
      running ??= write();
      return waiting > mostWaiting ? running : undefined;
    },
    async read(at, most) {
      const handle = (await file) as FileHandle;
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(most), 0, most, at);
      return buffer.subarray(0, bytesRead);
    },
    async close() {
      closed = true;
      await running;
      await file?.then((handle) => handle.close()).catch(() => {});
    },
  };
}

async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `listening-${randomUUID()}.part`);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  const handle = await open(path, flags, 0o600);
  try {
    await unlink(path);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function writeAll(handle: FileHandle, block: Buffer, position: number): Promise<void> {
  for (let done = 0; done < block.length; ) {
    done += (await handle.write(block, done, block.length - done, position + done)).bytesWritten;
  }
}
