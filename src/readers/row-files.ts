import { createReadStream, openSync, statSync } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { addAbortSignal, type Readable } from "node:stream";
import { RecordingError } from "../core/model/errors.ts";
import type { RowBatch } from "../core/model/recording.ts";
import { decoded } from "./decode.ts";
import type { ReaderSettings } from "./index.ts";

/** Small enough that its text and rows die young: larger blocks cost time in garbage collection, and memory for good. */
const blockBytes = 16 * 1024;

/** Refuses, before any work, what certainly cannot be read. */
export async function checkFiles(files: readonly string[], settings: ReaderSettings): Promise<void> {
  for (const file of files) {
    if (file === "-") {
      if (settings.stdin === undefined)
        throw new RecordingError("usage", "There is no standard input to read rows from.");
      continue;
    }
    if (/^(postgres(ql)?|mysql|mariadb|mssql|sqlserver|sqlite):/i.test(file)) {
      throw new RecordingError("usage", "--rows takes files; a database goes into --database.");
    }
    await checkFile(file);
  }
  if (files.filter((file) => file === "-").length > 1) {
    throw new RecordingError("usage", "Standard input can be read once only: give --rows - once.");
  }
}

async function checkFile(file: string): Promise<void> {
  try {
    if ((await stat(file)).isDirectory()) throw new RecordingError("usage", `${file} is a folder; --rows takes files.`);
    await access(file, constants.R_OK);
  } catch (error) {
    throw fileError(file, error);
  }
}

/** The rows of one file, in batches. */
export async function* fileRows(
  file: string,
  settings: ReaderSettings,
  signal: AbortSignal,
): AsyncGenerator<RowBatch, void> {
  signal.throwIfAborted();
  const stream = file === "-" ? (settings.stdin as Readable) : openInput(file, settings.readBytes);
  addAbortSignal(signal, stream);
  try {
    let marked = false;
    const bytes = decoded(bytesOf(stream), settings.encoding);
    const { head, blocks } = await peek(
      withoutCtrlZ(bytes, () => {
        marked = true;
      }),
    );
    switch (tellContent(head, file)) {
      case "nothing":
        return;
      case "json": {
        const { jsonRows } = await import("./json/json-rows.ts");
        yield* jsonRows(file, head, blocks, settings);
        break;
      }
      case "table": {
        const { tableRows } = await import("./csv/csv-table.ts");
        yield* tableRows(file, head, blocks, settings);
      }
    }
    if (marked) yield { rows: [], notices: [`${file}: the Ctrl-Z at its end was ignored.`] };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw fileError(file, error);
  } finally {
    stream.destroy();
  }
}

/**
 * A pipe is waited for as a connection is, where the system tells one without a writer from one at its end: a read of a
 * file that never returns cannot be taken back, and would hold up the end of the program.
 */
function openInput(file: string, readBytes = 4 * blockBytes): Readable {
  if (process.platform !== "linux" || !statSync(file).isFIFO()) {
    return createReadStream(file, { highWaterMark: readBytes });
  }
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

async function* bytesOf(stream: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    const bytes: Buffer = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    for (let at = 0; at < bytes.length; at += blockBytes) yield bytes.subarray(at, at + blockBytes);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EACCES: "this user may not read it",
  EPERM: "this user may not read it",
  EISDIR: "it is a folder",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
};

function fileError(file: string, error: unknown): unknown {
  if (error instanceof RecordingError || !(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined || (error as NodeJS.ErrnoException).syscall === undefined) return error;
  const reason = reasons[code];
  if (reason !== undefined)
    return new RecordingError("usage", `Cannot read rows from ${file}: ${reason}.`, { cause: error });
  return new RecordingError("bad-rows", `Reading ${file} failed (${code}).`, { cause: error });
}

/** What a text holds, as far as rows are concerned. */
export type Content = "nothing" | "json" | "table";

const foreign: readonly (readonly [RegExp, string])[] = [
  [/^PK\x03\x04/, "an Excel workbook or a zip file: save it as CSV UTF-8 first"],
  [/^\x1f‹/, "compressed with gzip: pipe it in with `gzip -dc FILE | callreel … --rows -`"],
  [/^SQLite format 3\0/, "a SQLite database: give it to --database as sqlite:FILE"],
  [/^(RIFF|%PDF|ID3|OggS)/, "not text"],
  [/^\s*-\[ RECORD 1 \]/, "psql's expanded output: export with psql --csv"],
  [/^\s*\*{5,} 1\. row \*/, "mysql's vertical output: export with mysql --batch"],
  [/^\s*[┌╔╭┏│║┃]/, "a table drawn with lines: export CSV or JSON instead"],
  [/^\s*<(!doctype|html|\?xml|[a-z]+[\s>])/i, "HTML or XML, perhaps a login page: export CSV or JSON instead"],
];

/** Tells JSON from tables by the first characters: `[` and `{` also begin T-SQL names and GUIDs. */
export function tellContent(head: string, file: string): Content {
  for (const [pattern, what] of foreign) {
    if (pattern.test(head)) throw new RecordingError("bad-rows", `${file} contains no rows: it is ${what}.`);
  }
  const text = head.replace(/^[\s\x1e]+/, "");
  if (text === "") return "nothing";
  if (/^\{\s*["}]/.test(text) || /^\[\s*([{[\]"]|$)/.test(text) || text === "{") return "json";
  return "table";
}

const enoughBytes = 64 * 1024;
const enoughLines = 12;

/** The first lines of a text, and the whole of it, those lines included. */
export interface Peeked {
  readonly head: string;
  readonly blocks: AsyncIterable<Buffer>;
}

/** Reads ahead just far enough to tell what a text is: a few lines, or 64 KiB, or the first line of a JSON stream. */
export async function peek(blocks: AsyncGenerator<Buffer>): Promise<Peeked> {
  const taken: Buffer[] = [];
  let head = "";
  while (!isEnough(head)) {
    const next = await blocks.next();
    if (next.done) break;
    taken.push(next.value);
    head += next.value.toString("utf8");
  }
  return { head, blocks: joined(taken, blocks) };
}

function isEnough(head: string): boolean {
  if (head.length >= enoughBytes) return true;
  const lines = head.match(/\r\n|\n|\r/g)?.length ?? 0;
  return lines >= enoughLines || (lines > 0 && /^\s*\{.*\}[ \t]*[\r\n]/.test(head));
}

async function* joined(taken: Buffer[], blocks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  while (taken.length > 0) yield taken.shift() as Buffer;
  yield* blocks;
}

const mark = 0x1a;

/** A text without the Ctrl-Z that programs from DOS put at its end; `found` hears of one. */
export async function* withoutCtrlZ(blocks: AsyncIterable<Buffer>, found: () => void): AsyncGenerator<Buffer> {
  let held: Buffer | undefined;
  for await (const block of blocks) {
    if (held !== undefined) yield held;
    held = undefined;
    if (endOf(block) < block.length) held = block;
    else yield block;
  }
  if (held === undefined) return;
  found();
  const end = endOf(held);
  if (end > 0) yield held.subarray(0, end);
}

/** Where the text ends, if it ends in Ctrl-Z, line ends and zero bytes after it left out; else the whole length. */
function endOf(block: Buffer): number {
  let end = block.length;
  while (end > 0 && [0x0a, 0x0d, 0x00, 0x20].includes(block[end - 1] as number)) end -= 1;
  if (block[end - 1] !== mark) return block.length;
  while (end > 0 && block[end - 1] === mark) end -= 1;
  return end;
}
