import type { Readable } from "node:stream";

/** How rows in files are to be understood where the content does not say it. */
export interface ReaderSettings {
  /** Column names of rows without a header line. */
  readonly columns?: readonly string[];
  /** Field name → the name of the column that holds it. */
  readonly map?: Readonly<Record<string, string>>;
  /** A WHATWG encoding label; a byte order mark outranks it. Default: each line is UTF-8 or else windows-1252. */
  readonly encoding?: string;
  /** What `-` stands for. */
  readonly stdin?: Readable;
}
