import { isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";
import { RecordingError } from "../core/model/errors.ts";

const longestLine = 256 * 1024;

/**
 * Bytes in any of the encodings that SQL tools write, as UTF-8 without a byte order mark, in blocks that end at a line
 * end where lines are of sane length. Without a mark or a stated encoding each line is judged by itself: UTF-8 where
 * it is valid UTF-8, else windows-1252. So the first `é` after 500 MB needs no second look at what was read before it,
 * and files of both kinds may be joined.
 */
export async function* decoded(bytes: AsyncGenerator<Buffer>, encoding: string | undefined): AsyncGenerator<Buffer> {
  const first = await firstBytes(bytes);
  const found = tellEncoding(first);
  const name = found.name ?? encoding;
  const all = chain(first.subarray(found.markBytes), bytes);
  if (name === undefined || name === "utf-8-or-1252") yield* byLines(all, eitherUtf8OrWindows1252);
  else if (/^(windows-1252|cp-?1252|latin-?1|iso-8859-1)$/i.test(name)) yield* byLines(all, fromWindows1252);
  else yield* byDecoder(all, openDecoder(name));
}

async function firstBytes(bytes: AsyncGenerator<Buffer>): Promise<Buffer> {
  let first: Buffer = Buffer.alloc(0);
  while (first.length < 4) {
    const next = await bytes.next();
    if (next.done) break;
    first = Buffer.concat([first, next.value]);
  }
  return first;
}

function tellEncoding(first: Buffer): { name?: string; markBytes: number } {
  if (first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf) return { name: "utf-8-or-1252", markBytes: 3 };
  if (first[0] === 0xff && first[1] === 0xfe) return { name: "utf-16le", markBytes: 2 };
  if (first[0] === 0xfe && first[1] === 0xff) return { name: "utf-16be", markBytes: 2 };
  return { ...unmarkedUtf16(first.subarray(0, 256)), markBytes: 0 };
}

/** Latin text in UTF-16 has a zero in every other byte; elsewhere a zero is bcp's empty string, and rare. */
function unmarkedUtf16(sample: Buffer): { name?: string } {
  const zeros = [0, 0];
  for (const [at, byte] of sample.entries()) if (byte === 0) zeros[at % 2]!++;
  const [even, odd] = zeros as [number, number];
  const many = sample.length / 4;
  if (odd > many && even < odd / 4) return { name: "utf-16le" };
  if (even > many && odd < even / 4) return { name: "utf-16be" };
  return {};
}

async function* chain(first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  yield* rest;
}

async function* byLines(bytes: AsyncGenerator<Buffer>, toUtf8: (lines: Buffer) => Buffer): AsyncGenerator<Buffer> {
  let tail: Buffer | undefined;
  for await (const chunk of bytes) {
    const block: Buffer = tail === undefined ? chunk : Buffer.concat([tail, chunk]);
    let end = lastLineEnd(block);
    if (end === 0 && block.length >= longestLine) end = lastCharacterEnd(block);
    if (end > 0) yield toUtf8(block.subarray(0, end));
    tail = end === block.length ? undefined : block.subarray(end);
  }
  if (tail !== undefined) yield toUtf8(tail);
}

/** The index after the last line end; a CR in the last place may be half of a CRLF and does not count. */
function lastLineEnd(block: Buffer): number {
  const feed = block.lastIndexOf(10) + 1;
  return feed > 0 || block.length < 2 ? feed : block.lastIndexOf(13, block.length - 2) + 1;
}

function lastCharacterEnd(block: Buffer): number {
  for (let end = block.length; end > block.length - 4; end--) {
    const byte = block[end - 1] as number;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return end - 1;
  }
  return block.length;
}

function eitherUtf8OrWindows1252(block: Buffer): Buffer {
  if (isUtf8(block)) return block;
  const feed = block.includes(10) ? 10 : 13;
  const lines: Buffer[] = [];
  for (let start = 0; start < block.length; ) {
    const end = block.indexOf(feed, start) + 1 || block.length;
    const line = block.subarray(start, end);
    lines.push(isUtf8(line) ? line : fromWindows1252(line));
    start = end;
  }
  return Buffer.concat(lines);
}

// Own table: some Node releases decode this encoding as if it were ISO 8859-1.
const upper = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

function fromWindows1252(bytes: Buffer): Buffer {
  const text = bytes.toString("latin1");
  return Buffer.from(text.replace(/[\x80-\x9f]/g, (character) => upper[character.charCodeAt(0) - 0x80] as string));
}

function openDecoder(name: string): TextDecoder {
  try {
    return new TextDecoder(name, { fatal: false });
  } catch {
    throw new RecordingError(
      "usage",
      `--encoding does not know ${name}; common ones are utf-8, utf-16le, windows-1252.`,
    );
  }
}

async function* byDecoder(bytes: AsyncGenerator<Buffer>, decoder: TextDecoder): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== "") yield Buffer.from(text);
  }
  const rest = decoder.decode();
  if (rest !== "") yield Buffer.from(rest);
}

/**
 * The lines of a text, some thousand at a time, without their ends. LF and CRLF, or CR where the first block has no LF.
 * A line longer than `maxLength` characters is refused: no tool writes rows like that.
 */
export async function* linesOf(
  blocks: AsyncIterable<Buffer>,
  file: string,
  maxLength: number,
): AsyncGenerator<string[]> {
  let end: string | undefined;
  let tail = "";
  let count = 0;
  for await (const block of blocks) {
    end ??= !block.includes(10) && block.includes(13) ? "\r" : "\n";
    const lines = (tail + block.toString("utf8")).split(end);
    tail = lines.pop() as string;
    if (tail.length > maxLength) {
      throw new RecordingError(
        "bad-rows",
        `${file}, line ${count + lines.length + 1}: the line is too long to be a row.`,
      );
    }
    count += lines.length;
    yield withoutReturns(lines);
  }
  if (tail !== "") yield withoutReturns([tail]);
}

function withoutReturns(lines: string[]): string[] {
  for (const [at, line] of lines.entries()) if (line.endsWith("\r")) lines[at] = line.slice(0, -1);
  return lines;
}
