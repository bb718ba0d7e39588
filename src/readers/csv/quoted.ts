import type { TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CsvError, type Options, Parser } from "csv-parse";
import { RecordingError } from "../../core/errors.ts";
import { longestRow } from "./plain.ts";
import type { RawRecord } from "./records.ts";

/** Records with RFC 4180 quotes, through csv-parse. */
export async function* quotedRecords(
  blocks: AsyncIterable<Buffer>,
  delimiter: string,
  file: string,
): AsyncGenerator<RawRecord[]> {
  const parser = new RecordParser(delimiter);
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
  lastLine = 0;

  constructor(delimiter: string) {
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
  }

  override push(cells: string[] | null): boolean {
    if (cells === null) {
      this.#flush();
      return super.push(null);
    }
    const ends = this.info.lines - this.#countedTwice;
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
