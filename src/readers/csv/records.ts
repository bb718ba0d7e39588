import type { Dialect } from "./dialect.ts";
import { fixedRecords, plainRecords } from "./plain.ts";
import { quotedRecords } from "./quoted.ts";

/** One record of a table before anyone asked what it is. */
export interface RawRecord {
  readonly cells: readonly string[];
  /** First and last line of the text that it covers, 1-based. */
  readonly line: number;
  readonly lastLine: number;
}

/** Cuts a text into records, block by block. */
export function records(blocks: AsyncIterable<Buffer>, dialect: Dialect, file: string): AsyncIterable<RawRecord[]> {
  if (dialect.kind === "fixed") return fixedRecords(blocks, dialect.widths, file);
  const cut = dialect.kind === "quoted" ? quotedRecords : plainRecords;
  return cut(blocks, dialect.delimiter, file);
}
