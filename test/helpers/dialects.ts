import { type CallRow, callRows, columns } from "./call-rows.ts";
import { encodeText, type TextEncoding } from "./encode-text.ts";
import { bcp, excel, exportCsv, fixedWidth, json, ndjson, quoted, sqlcmd, ssms, unquoted } from "./export-tools.ts";

/** One export of the same calls (see call-rows.ts), as one tool with one set of switches writes it. */
export interface Dialect {
  readonly name: string;
  /** A file name without special characters, for fixtures and messages. */
  readonly file: string;
  readonly bytes: Buffer;
  readonly options?: DialectOptions;
  /** What a reader has to find: values as text, null for NULL, empty and a lone NUL byte. */
  readonly expected: readonly CallRow[];
  /** The 1-based line on which each expected row begins (JSON array: the record's number). */
  readonly lines: readonly number[];
  /** A form beyond what any reader needs to know: it is either read right or refused whole, never misread. */
  readonly mayRefuse?: true;
}

/** What a person has to say because the bytes do not. */
export interface DialectOptions {
  readonly columns?: readonly string[];
}

/** One record, or one line of noise, of an export. */
export interface Piece {
  readonly text: string;
  /** Present when the piece is a call: the call as this export shows it. */
  readonly row?: CallRow;
}

export interface Recipe {
  readonly name: string;
  readonly pieces: readonly Piece[];
  readonly eol: "\n" | "\r\n" | "\r";
  readonly encoding: TextEncoding;
  readonly options?: DialectOptions;
  readonly numbering?: "records";
  readonly mayRefuse?: true;
}

const headless = { columns };

const recipes: readonly Recipe[] = [
  { name: "RFC 4180 CSV, UTF-8, LF", pieces: quoted(","), eol: "\n", encoding: "utf8" },
  {
    name: "RFC 4180 CSV, UTF-8 with BOM, CRLF, bracketed names in mixed case",
    pieces: quoted(",", (column) => `[${column[0]!.toUpperCase()}${column.slice(1)}]`),
    eol: "\r\n",
    encoding: "utf8-bom",
  },
  { name: "RFC 4180 CSV, UTF-16 BE with BOM", pieces: quoted(","), eol: "\r\n", encoding: "utf16be-bom" },
  { name: "Excel re-save, sep line, windows-1252", pieces: excel(), eol: "\r\n", encoding: "windows-1252" },
  {
    name: "TSV, table-prefixed names in capitals",
    pieces: unquoted("\t", (column) => `CALLS.${column.toUpperCase()}`),
    eol: "\n",
    encoding: "utf8",
  },
  { name: "CSV with CR line ends", pieces: quoted(","), eol: "\r", encoding: "utf8" },
  {
    name: "sqlcmd -W -s pipe -f o:65001",
    pieces: sqlcmd("|", { trailer: `(${callRows.length} rows affected)` }),
    eol: "\r\n",
    encoding: "utf8",
  },
  {
    name: "sqlcmd -W -s comma -h -1 with NOCOUNT",
    pieces: sqlcmd(",", { header: "none" }),
    eol: "\r\n",
    encoding: "utf8",
    options: headless,
  },
  {
    name: "sqlcmd -W -s pipe -h 5",
    pieces: sqlcmd("|", { header: 5, trailer: `(${callRows.length} rows affected)` }),
    eol: "\r\n",
    encoding: "utf8",
  },
  {
    name: "sqlcmd -s semicolon, padded columns",
    pieces: sqlcmd(";", { padded: true, trailer: `(${callRows.length} rows affected)` }),
    eol: "\r\n",
    encoding: "utf8",
  },
  {
    name: "sqlcmd -u, UTF-16 LE, changed database",
    pieces: sqlcmd("|", {
      preamble: "Changed database context to 'TIM'.",
      trailer: `(${callRows.length} rows affected)`,
    }),
    eol: "\r\n",
    encoding: "utf16le-bom",
  },
  {
    name: "sqlcmd -W -s tab, windows-1252, German trailer",
    pieces: sqlcmd("\t", { trailer: `(${callRows.length} Zeilen betroffen)` }),
    eol: "\r\n",
    encoding: "windows-1252",
  },
  {
    name: "sqlcmd, two result sets",
    pieces: sqlcmd("|", { resultSets: 2, trailer: "rows affected" }),
    eol: "\r\n",
    encoding: "utf8",
  },
  { name: "bcp -c -C 65001", pieces: bcp(), eol: "\r\n", encoding: "utf8", options: headless },
  { name: "bcp -c, ANSI code page", pieces: bcp(), eol: "\r\n", encoding: "windows-1252", options: headless },
  { name: "bcp -w", pieces: bcp(), eol: "\r\n", encoding: "utf16le-bom", options: headless },
  {
    name: "sp_send_dbmail attachment, padded UTF-16 LE",
    pieces: sqlcmd(",", { padded: true, trailer: `(${callRows.length} rows affected)` }),
    eol: "\r\n",
    encoding: "utf16le-bom",
  },
  { name: "SSMS Save Results As, quoted", pieces: ssms(",", true), eol: "\r\n", encoding: "utf8-bom" },
  { name: "SSMS Save Results As, not quoted", pieces: ssms(";", false), eol: "\r\n", encoding: "utf8-bom" },
  { name: "Export-Csv, Windows PowerShell 5.1", pieces: exportCsv(",", "5.1"), eol: "\r\n", encoding: "ascii" },
  { name: "Export-Csv, PowerShell 7, semicolon", pieces: exportCsv(";", "7"), eol: "\r\n", encoding: "utf8" },
  { name: "JSON array", pieces: json(), eol: "\n", encoding: "utf8", numbering: "records" },
  { name: "NDJSON", pieces: ndjson(), eol: "\n", encoding: "utf8" },
  {
    name: "sqlcmd defaults, blanks between columns",
    pieces: fixedWidth(),
    eol: "\r\n",
    encoding: "utf8",
    mayRefuse: true,
  },
];

/** The same calls in every form in which the tools around SQL Server export them. */
export const dialects: readonly Dialect[] = recipes.map(bake);

function bake({ name, pieces, eol, encoding, options, numbering, mayRefuse }: Recipe): Dialect {
  const text = pieces.map((piece) => piece.text + eol).join("");
  return {
    name,
    file: fileName(name),
    bytes: encodeText(text, encoding),
    ...(options && { options }),
    expected: pieces.flatMap((piece) => (piece.row ? [asRead(piece.row)] : [])),
    lines: numbering === "records" ? callRows.map((_, index) => index + 1) : lineNumbers(pieces),
    ...(mayRefuse && { mayRefuse }),
  };
}

/** A kebab-case file name for a dialect's or a broken export's name. */
export function fileName(name: string): string {
  const kebab = name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return `${kebab.replace(/^-|-$/g, "")}.txt`;
}

function asRead(row: CallRow): CallRow {
  const read = columns.map((column) => [column, row[column] === "" ? null : row[column]]);
  return Object.fromEntries(read) as CallRow;
}

/** A line break inside a quoted value counts as a line too. */
function lineNumbers(pieces: readonly Piece[]): number[] {
  const numbers: number[] = [];
  let line = 1;
  for (const { text, row } of pieces) {
    if (row) numbers.push(line);
    line += text.split("\n").length;
  }
  return numbers;
}
