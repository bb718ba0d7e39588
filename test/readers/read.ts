import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { RejectedRow, Row } from "../../src/core/model/recording.ts";
import { openReader, type ReaderSettings } from "../../src/readers/index.ts";

export interface Read {
  readonly rows: readonly Row[];
  readonly rejected: readonly RejectedRow[];
  readonly fields: readonly Row["fields"][];
}

/** Reads bytes as standard input, in pieces of `pieceBytes`. */
export async function readStdin(
  bytes: Buffer | string,
  settings: ReaderSettings = {},
  pieceBytes = 64 * 1024,
): Promise<Read> {
  const stdin = Readable.from(pieces(Buffer.from(bytes), pieceBytes), { objectMode: false });
  return readAll(["-"], { ...settings, stdin });
}

/** Reads files to the end; an error is thrown after all. */
export async function readAll(files: readonly string[], settings: ReaderSettings = {}): Promise<Read> {
  const rows: Row[] = [];
  const rejected: RejectedRow[] = [];
  const reader = await openReader(files, settings);
  for await (const batch of reader.rows(new AbortController().signal)) {
    rows.push(...batch.rows);
    rejected.push(...(batch.rejected ?? []));
  }
  return { rows, rejected, fields: rows.map(({ fields }) => ({ ...fields })) };
}

/** A folder for one test's files. */
export async function tempFolder(): Promise<
  AsyncDisposable & { write(name: string, bytes: Buffer | string): Promise<string> }
> {
  const folder = await mkdtemp(join(tmpdir(), "callreel-rows-"));
  return {
    async write(name, bytes) {
      await writeFile(join(folder, name), bytes);
      return join(folder, name);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
