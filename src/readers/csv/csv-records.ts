import type { TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CsvError, type Options, Parser } from "csv-parse";
import { RecordingError } from "../../core/model/errors.ts";
import { linesOf } from "../decode.ts";
import type { Dialect } from "./dialect.ts";

/** One record of a table before anyone asked what it is. */
export interface RawRecord {
  readonly cells: readonly string[];
  /** First and last line of the text that it covers, 1-based. */
  readonly line: number;
  readonly lastLine: number;
  /** Whether the text ends with it, without a line end. */
  readonly isOpen?: boolean;
}

/** Cuts a text into records, block by block. */
export function records(blocks: AsyncIterable<Buffer>, dialect: Dialect, file: string): AsyncIterable<RawRecord[]> {
  if (dialect.kind === "fixed") return fixedRecords(blocks, dialect.widths, file);
  const cut = dialect.kind === "quoted" ? quotedRecords : plainRecords;
  return cut(blocks, dialect.delimiter, file);
}

/** Longest line of a table, in characters. */
export const longestRow = 1024 * 1024;

/** Lines cut at every separator. */
export async function* plainRecords(
  blocks: AsyncIterable<Buffer>,
  delimiter: string,
  file: string,
): AsyncGenerator<RawRecord[]> {
  yield* plainLines(blocks, file, (line) => line.split(delimiter));
}

/** Lines cut at the columns' places; a line that does not have blanks between them stays whole. */
export async function* fixedRecords(
  blocks: AsyncIterable<Buffer>,
  widths: readonly number[],
  file: string,
): AsyncGenerator<RawRecord[]> {
  const starts = widths.map((_, at) => widths.slice(0, at).reduce((sum, width) => sum + width + 1, 0));
  yield* plainLines(blocks, file, (line) => cutFixed(line, starts, widths));
}

function cutFixed(line: string, starts: readonly number[], widths: readonly number[]): string[] {
  const last = starts.length - 1;
  const fits =
    line.length >= starts[last]! &&
    line.length <= starts[last]! + widths[last]! &&
    starts.every((start) => start === 0 || line[start - 1] === " ");
  return fits ? starts.map((start, at) => line.slice(start, start + widths[at]!)) : [line];
}

async function* plainLines(
  blocks: AsyncIterable<Buffer>,
  file: string,
  cut: (line: string) => string[],
): AsyncGenerator<RawRecord[]> {
  let count = 0;
  for await (const lines of linesOf(blocks, file, longestRow)) {
    const plainLines: RawRecord[] = [];
    for (const line of lines) {
      count++;
      if (line !== "") plainLines.push({ cells: cut(line), line: count, lastLine: count });
    }
    yield plainLines;
  }
}

/**
 * Records with RFC 4180 quotes. Lines that are records by themselves, as almost all are, cost a fifth of what csv-parse
 * takes; from the first other one on, csv-parse reads the rest.
 */
export async function* quotedRecords(
  blocks: AsyncIterable<Buffer>,
  delimiter: string,
  file: string,
): AsyncGenerator<RawRecord[]> {
  const source = blocks[Symbol.asyncIterator]();
  let [tail, count, ours] = ["", 0, true];
  try {
    for (;;) {
      const next = await source.next();
      const text = next.done ? tail : tail + next.value.toString("utf8");
      const end = next.done ? text.length : text.lastIndexOf("\n") + 1;
      let upTo = 0;
      while (upTo < end) {
        const cut = cutLines(text, { from: upTo, end }, delimiter, count);
        if (cut.lines === 0) break;
        count += cut.lines;
        upTo = cut.upTo;
        if (cut.found.length > 0) yield cut.found;
      }
      tail = text.slice(upTo);
      if (upTo < end || tail.length > longestRow) {
        ours = false;
        return yield* parsedRecords(chain(tail, source), delimiter, count, file);
      }
      if (next.done) return;
    }
  } finally {
    if (ours) await source.return?.();
  }
}

/** So few that hardly any of their rows outlives a collection of young objects: for what does, V8 takes more and more memory. */
const linesAtOnce = 64;

/** Cuts some of the lines between `from` and `end`, as far as each is a record by itself. */
function cutLines(text: string, { from, end }: { from: number; end: number }, delimiter: string, before: number) {
  const found: RawRecord[] = [];
  let [lines, upTo] = [0, from];
  while (upTo < end && lines < linesAtOnce) {
    const feed = text.indexOf("\n", upTo);
    const stop = feed === -1 ? end : feed;
    const line = text.slice(upTo, stop > upTo && text.charCodeAt(stop - 1) === 13 ? stop - 1 : stop);
    const cells = line.length > longestRow || line.includes("\r") ? undefined : cellsOf(line, delimiter);
    if (cells === undefined) break;
    lines += 1;
    const at = { line: before + lines, lastLine: before + lines };
    if (line !== "") found.push(feed === -1 ? { cells, ...at, isOpen: true } : { cells, ...at });
    upTo = stop + 1;
  }
  return { found, lines, upTo: Math.min(upTo, end) };
}

/** The cells of a line; undefined where its quotes are not as RFC 4180 has them, or one stays open. */
function cellsOf(line: string, delimiter: string): string[] | undefined {
  if (!line.includes('"')) return line.split(delimiter);
  const cells: string[] = [];
  for (let at = 0; ; ) {
    const isQuoted = line[at] === '"';
    const end = isQuoted ? closingQuote(line, at + 1) + 1 : line.indexOf(delimiter, at);
    const stop = end === -1 ? line.length : end;
    const cell = isQuoted ? line.slice(at + 1, stop - 1) : line.slice(at, stop);
    if (isQuoted ? end === 0 || (stop < line.length && line[stop] !== delimiter) : cell.includes('"')) return undefined;
    cells.push(isQuoted ? cell.replaceAll('""', '"') : cell);
    if (stop === line.length) return cells;
    at = stop + 1;
  }
}

/** The quote that ends a value; -1 where there is none. */
function closingQuote(line: string, from: number): number {
  let at = line.indexOf('"', from);
  while (at !== -1 && line[at + 1] === '"') at = line.indexOf('"', at + 2);
  return at;
}

async function* chain(text: string, source: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
  for await (const block of { [Symbol.asyncIterator]: () => source }) yield block;
}

/** Records of all that csv-parse understands, the first of which begins after `before` lines. */
async function* parsedRecords(
  blocks: AsyncIterable<Buffer>,
  delimiter: string,
  before: number,
  file: string,
): AsyncGenerator<RawRecord[]> {
  const parser = new RecordParser(delimiter, before);
  const feeding = pipeline(blocks, parser);
  // The parser's own iteration below throws the same error.
  feeding.catch(() => {});
  try {
    for await (const records of parser) yield records as RawRecord[];
  } catch (error) {
    throw error instanceof CsvError ? quoteError(file, parser.lastLine) : error;
  }
}

function quoteError(file: string, lastGoodLine: number): RecordingError {
  return new RecordingError(
    "bad-rows",
    `${file}, line ${lastGoodLine + 1}: a quote opens here and is not closed. Export with quoting on, or with a separator that no value contains.`,
  );
}

/** csv-parse with line numbers, handing on one array per block: a stream event for each record would cost more than parsing it. */
class RecordParser extends Parser {
  #records: RawRecord[] = [];
  /** csv-parse counts a CRLF inside quotes twice. */
  #countedTwice = 0;
  /** Line on which the last complete record ends. */
  lastLine: number;
  readonly #before: number;

  constructor(delimiter: string, before: number) {
    const options: Options & { readableHighWaterMark: number } = {
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: longestRow,
      readableHighWaterMark: 1,
    };
    super(options);
    this.#before = before;
    this.lastLine = before;
  }

  override push(cells: string[] | null): boolean {
    if (cells === null) {
      this.#flush();
      return super.push(null);
    }
    const ends = this.#before + this.info.lines - this.#countedTwice;
    const { feeds, pairs } = ends - this.lastLine > 1 ? lineEnds(cells) : { feeds: 0, pairs: 0 };
    this.#countedTwice += pairs;
    this.lastLine = ends - pairs;
    this.#records.push({ cells, line: this.lastLine - feeds, lastLine: this.lastLine });
    return true;
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding, callback: TransformCallback): void {
    super._transform(chunk, encoding, (error) => {
      this.#flush();
      callback(error);
    });
  }

  #flush(): void {
    if (this.#records.length > 0) super.push(this.#records);
    this.#records = [];
  }
}

/** Line ends inside a record's values, and how many of them are CRLF. */
function lineEnds(cells: readonly string[]): { feeds: number; pairs: number } {
  let feeds = 0;
  let pairs = 0;
  for (const cell of cells) {
    for (const [end] of cell.matchAll(/\r\n|\n|\r/g)) {
      feeds++;
      if (end.length === 2) pairs++;
    }
  }
  return { feeds, pairs };
}
