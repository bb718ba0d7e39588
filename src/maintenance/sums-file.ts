/*
 * The archive's list of hashes, SHA256SUMS, in the form that `sha256sum -c` reads: a file in its folder, or an object beside
 * the others. It is made on demand, replaced in one step, and names nothing that was purged.
 */

import { createHash } from "node:crypto";
import { closeSync, createReadStream, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { Invocation } from "../cli/io.ts";
import { archiveFolder, isBucket, spoolFolder } from "../composition/archive.ts";
import type { Archive, LedgerEntry } from "../core/model/ledger.ts";
import type { Store } from "../core/model/store.ts";
import { bytesOf } from "../destinations/disk/stored-file.ts";
import type { S3Body } from "../destinations/s3/client.ts";
import { diskError, errno } from "../platform/disk-error.ts";
import { nameBeside } from "../platform/files.ts";
import { makeFolders } from "../platform/make-folders.ts";
import { openPlain } from "../platform/small-file.ts";
import { stoppable } from "./verify-files.ts";

const sumsFile = "SHA256SUMS";

/** Writes it anew, with a line for each file that the ledger has as held. */
export async function writeSums(invocation: Invocation, ledger: Archive): Promise<void> {
  const { settings, io } = invocation;
  const fill = async (write: Write) => {
    for await (const page of stoppable(ledger.entries({ states: ["done"] }), io.stop)) {
      await write(page.flatMap(linesOf).join(""));
    }
  };
  if (isBucket(settings)) await spooled(invocation, fill, (body) => put(invocation, body));
  else await writeFile(join(archiveFolder(settings, io), sumsFile), fill);
}

/** Takes the lines of these paths out of it, where there is one; `locked` where its store keeps earlier versions of it. */
export async function removeFromSums(
  invocation: Invocation,
  store: Store,
  paths: ReadonlySet<string>,
): Promise<"done" | "locked"> {
  if (isBucket(invocation.settings)) return removeFromObject(invocation, store, paths);
  await removeFromFile(archiveFolder(invocation.settings, invocation.io), paths);
  return "done";
}

/** A line of such a list: a name with a backslash or line break is escaped and its line marked, as sha256sum does. */
export function sumLine(sha256: string, path: string): string {
  const escaped = path.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `${escaped === path ? "" : "\\"}${sha256}  ${escaped}\n`;
}

type Write = (text: string) => Promise<void>;

function linesOf({ stored, transcripts = [] }: LedgerEntry): string[] {
  const files = stored === undefined ? transcripts : [stored, ...transcripts];
  return files.map(({ sha256, path }) => sumLine(sha256, path));
}

async function writeFile(path: string, fill: (write: Write) => Promise<void>): Promise<void> {
  const part = nameBeside(path);
  const file = await open(part, "wx", 0o600);
  try {
    await fill((text) => file.writeFile(text));
    await file.sync();
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw diskError(error, path);
  } finally {
    await file.close();
  }
}

async function removeFromFile(root: string, paths: ReadonlySet<string>): Promise<void> {
  const file = join(root, sumsFile);
  const part = nameBeside(file);
  try {
    const old = openPlain(file);
    const next = await open(part, "wx", 0o600).catch((error) => {
      closeSync(old);
      throw error;
    });
    try {
      await copyWithout(createReadStream(file, { fd: old }), paths, (text) => next.writeFile(text));
      await next.sync();
    } finally {
      await next.close();
    }
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    if (errno(error) !== "ENOENT") throw diskError(error, file);
  }
}

/** Every version that names them goes; then a list without them is put there. */
async function removeFromObject(
  invocation: Invocation,
  store: Store,
  paths: ReadonlySet<string>,
): Promise<"done" | "locked"> {
  if (paths.size === 0) return "done";
  const { isOurs } = await import("../destinations/s3/sums.ts");
  const facts = await store.stat(sumsFile);
  if (facts !== undefined && !isOurs(facts)) return "done";
  const fill = async (write: Write) => {
    await using reading = await store.read(sumsFile);
    // A chunk is good only until the next one is asked for.
    if (reading !== undefined) await copyWithout(Readable.from(copies(reading.bytes)), paths, write);
  };
  return spooled(invocation, fill, async (body) => {
    if ((await store.remove(sumsFile)) === "locked") return "locked";
    if (facts !== undefined) await put(invocation, body);
    return "done";
  });
}

const pieceLength = 65_536;

/** Writes on every line of a list but those of these paths. */
async function copyWithout(input: Readable, paths: ReadonlySet<string>, write: Write): Promise<void> {
  let piece = "";
  // Lines that are read before anybody takes them are lost: nothing may be waited for between these two.
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (!paths.has(pathIn(line))) piece += `${line}\n`;
    if (piece.length < pieceLength) continue;
    await write(piece);
    piece = "";
  }
  await write(piece);
}

async function* copies(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

/** Gathers what `fill` writes in a file of the spool, for as long as `use` takes. */
async function spooled<T>(
  { settings, io }: Invocation,
  fill: (write: Write) => Promise<void>,
  use: (body: S3Body) => Promise<T>,
): Promise<T> {
  const spool = spoolFolder(settings, io);
  const path = nameBeside(join(spool, sumsFile));
  try {
    makeFolders(spool);
    const file = await open(path, "wx+", 0o600);
    try {
      const hash = createHash("sha256");
      let bytes = 0;
      await fill(async (text) => {
        const piece = Buffer.from(text);
        hash.update(piece);
        bytes += piece.length;
        await file.writeFile(piece);
      });
      return await use({ sha256: hash.digest("hex"), bytes, open: () => bytesOf(file.fd, bytes) });
    } finally {
      await file.close();
      rmSync(path, { force: true });
    }
  } catch (error) {
    throw diskError(error, path);
  }
}

async function put({ settings, io }: Invocation, body: S3Body): Promise<void> {
  const { putSums } = await import("../composition/bucket-sums.ts");
  await putSums(settings, io, sumsFile, body);
}

/** A line that begins with a backslash has its backslashes and line breaks escaped, as sha256sum does. */
function pathIn(line: string): string {
  const [, mark, path = ""] = /^(\\?)[0-9a-fA-F]{64} [ *](.*)$/.exec(line) ?? [];
  return mark === "" ? path : path.replace(/\\([\\n])/g, (_, escaped) => (escaped === "n" ? "\n" : "\\"));
}
