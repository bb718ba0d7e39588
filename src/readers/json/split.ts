import { RecordingError } from "../../core/model/errors.ts";
import type { JsonText } from "./json-rows.ts";

/** Longest single record, in bytes; a page of 1,000 detailed call records has about 3 MB. */
export const longestValue = 16 * 1024 * 1024;

/**
 * The elements of lists of any length, holding no more than one of them: those of a top-level array, those of `records`
 * in a top-level object, and top-level objects without `records` whole; after an object's records what else it says. What
 * stands between is passed over. A text that ends in the middle is a failed export.
 */
export async function* elementTexts(blocks: AsyncIterable<Buffer>, file: string): AsyncGenerator<JsonText[]> {
  const splitter = new Splitter(file);
  for await (const block of blocks) yield splitter.feed(block);
  splitter.end();
}

const key = Buffer.from("records");
const lineFeed = 0x0a;
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Where the scan stands: before a value; in a number, word or string that is one; in an object or array that is kept;
 * in what follows `records` in its object.
 */
type Place = "between" | "scalar" | "kept" | "rest";

/** Only structure is looked at here, byte by byte; whether an element is valid JSON is told by parsing it. */
class Splitter {
  readonly #file: string;
  #place: Place = "between";
  #inList = false;
  #inEnvelope = false;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #line = 1;

  #block: Buffer = Buffer.alloc(0);
  #texts: JsonText[] = [];
  /** Where the current value begins in the block, its line, and its bytes that came with earlier blocks. */
  #start = 0;
  #startLine = 1;
  #earlier: Buffer[] = [];
  #earlierBytes = 0;

  /** Whether the next string of a top-level object is a key, how much of `records` it has shown (-1: another), and whether it was that. */
  #keyNext = false;
  #matched = -1;
  #keyFound = false;
  /** Of an object with `records`: its text before them, and after them as far as it came with earlier blocks. */
  #around: Buffer[] = [];
  #aroundBytes = 0;
  #aroundLine = 1;

  constructor(file: string) {
    this.#file = file;
  }

  feed(block: Buffer): JsonText[] {
    this.#block = block;
    this.#start = 0;
    this.#texts = [];
    for (let at = 0; at < block.length; at++) {
      const byte = block[at] as number;
      if (byte === lineFeed) this.#line++;
      if (this.#inString) this.#string(byte);
      else if (this.#place === "between") this.#between(byte, at);
      else if (this.#place === "scalar") this.#scalar(byte, at);
      else this.#inside(byte, at);
    }
    if (this.#place === "kept" || this.#place === "scalar") this.#keep(block.subarray(this.#start));
    if (this.#place === "rest") this.#keepAround(block.subarray(this.#start));
    return this.#texts;
  }

  end(): void {
    if (this.#place !== "between" || this.#inList) throw this.#damaged("ends in the middle: the file is incomplete");
  }

  #string(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === lineFeed) throw this.#damaged("has a line break in a string");
    else if (byte === quote) {
      this.#inString = false;
      this.#keyFound = this.#matched === key.length;
      return;
    }
    if (this.#matched >= 0) this.#matched = key[this.#matched] === byte ? this.#matched + 1 : -1;
  }

  #between(byte: number, at: number): void {
    if (isBlank(byte) || byte === comma) return;
    if (byte === openBracket && !this.#inList) this.#inList = true;
    else if (byte === closeBracket && this.#inList) this.#leaveList(at);
    else if (byte === closeBracket || byte === closeBrace) throw this.#damaged("closes more than it opens");
    else {
      const isContainer = byte === openBrace || byte === openBracket;
      this.#place = isContainer ? "kept" : "scalar";
      this.#depth = isContainer ? 1 : 0;
      this.#inString = byte === quote;
      this.#keyNext = byte === openBrace && !this.#inList;
      this.#matched = -1;
      this.#start = at;
      this.#startLine = this.#line;
    }
  }

  #leaveList(at: number): void {
    this.#inList = false;
    if (!this.#inEnvelope) return;
    this.#inEnvelope = false;
    this.#place = "rest";
    this.#depth = 1;
    this.#start = at;
  }

  #scalar(byte: number, at: number): void {
    if (byte === quote) this.#inString = true;
    else if (isBlank(byte) || byte === comma || byte === closeBracket || byte === closeBrace) {
      this.#take(at);
      this.#between(byte, at);
    }
  }

  #inside(byte: number, at: number): void {
    if (byte === quote) {
      this.#inString = true;
      this.#matched = this.#keyNext && this.#depth === 1 ? 0 : -1;
      this.#keyNext = false;
      return;
    }
    if (byte === colon || isBlank(byte)) return;
    if (byte === openBracket && this.#keyFound && this.#depth === 1) {
      this.#enterEnvelope(at);
      return;
    }
    this.#keyFound = false;
    if (byte === openBrace || byte === openBracket) this.#depth++;
    else if (byte === comma) this.#keyNext = this.#depth === 1 && !this.#inList && this.#place === "kept";
    else if (byte === closeBrace || byte === closeBracket) {
      this.#depth--;
      if (this.#depth > 0) return;
      if (this.#place === "kept") this.#take(at + 1);
      else this.#takeAround(at + 1);
      this.#place = "between";
    }
  }

  #enterEnvelope(at: number): void {
    this.#around = [...this.#earlier, this.#block.subarray(this.#start, at + 1)];
    this.#aroundBytes = this.#earlierBytes;
    this.#aroundLine = this.#startLine;
    this.#earlier = [];
    this.#earlierBytes = 0;
    this.#keyFound = false;
    this.#inList = true;
    this.#inEnvelope = true;
    this.#place = "between";
  }

  #keep(bytes: Buffer): void {
    this.#earlier.push(bytes);
    this.#earlierBytes += bytes.length;
    if (this.#earlierBytes > longestValue) {
      throw this.#damaged(`has a record of more than ${longestValue / 1024 / 1024} MiB`);
    }
  }

  #take(end: number): void {
    const last = this.#block.subarray(this.#start, end);
    const bytes = this.#earlier.length === 0 ? last : Buffer.concat([...this.#earlier, last]);
    this.#earlier = [];
    this.#earlierBytes = 0;
    this.#place = "between";
    this.#texts.push({ text: bytes.toString("utf8"), line: this.#inList ? undefined : this.#startLine });
  }

  #keepAround(bytes: Buffer): void {
    this.#around.push(bytes);
    this.#aroundBytes += bytes.length;
    if (this.#aroundBytes > longestValue) throw this.#damaged("says too much beside its records");
  }

  /** The object around a list of records, with none in it. */
  #takeAround(end: number): void {
    const bytes = Buffer.concat([...this.#around, this.#block.subarray(this.#start, end)]);
    this.#around = [];
    this.#texts.push({ text: bytes.toString("utf8"), line: this.#aroundLine, isAround: true });
  }

  #damaged(what: string): RecordingError {
    return new RecordingError("bad-rows", `${this.#file}, line ${this.#line}: the JSON ${what}.`);
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === lineFeed || byte === 0x0d || byte === 0x09 || byte === 0x1e;
}
