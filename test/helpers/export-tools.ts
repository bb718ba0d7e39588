import { type CallRow, type Column, callRows, columns } from "./call-rows.ts";
import type { Piece } from "./dialects.ts";

type Naming = (column: Column) => string;

const plain: Naming = (column) => column;

/** Quotes where RFC 4180 asks for them; NULL is an empty field. */
export function quoted(delimiter: string, naming = plain): Piece[] {
  const field = (value: string | null) => (needsQuotes(value ?? "", delimiter) ? inQuotes(value!) : (value ?? ""));
  return [header(delimiter, naming), ...callRows.map((row) => piece(row, delimiter, field))];
}

/** No quotes at all, so that names lose the characters which would break the file. */
export function unquoted(delimiter: string, naming = plain): Piece[] {
  return [header(delimiter, naming), ...safeRows(delimiter).map((row) => piece(row, delimiter, orEmpty))];
}

interface SqlcmdSwitches {
  readonly header?: "once" | "none" | number;
  readonly padded?: boolean;
  readonly preamble?: string;
  readonly trailer?: string;
  readonly resultSets?: number;
}

/** sqlcmd: a line of dashes under the header, NULL as text, no quoting, messages in between. */
export function sqlcmd(delimiter: string, switches: SqlcmdSwitches = {}): Piece[] {
  const rows = safeRows(delimiter);
  const aligned = switches.padded ? padding : (text: string) => text;
  const head: Piece[] =
    switches.header === "none"
      ? []
      : [
          { text: columns.map((column) => aligned(column, column)).join(delimiter) },
          { text: columns.map((column) => aligned(dashes(column, switches.padded), column)).join(delimiter) },
        ];
  const body = rows.map((row) => ({
    text: columns.map((column) => aligned(orNull(row[column]), column)).join(delimiter),
    row,
  }));
  const every = typeof switches.header === "number" ? switches.header : rows.length;
  const perSet = Math.ceil(rows.length / (switches.resultSets ?? 1));
  const pieces: Piece[] = switches.preamble ? [{ text: switches.preamble }] : [];
  body.forEach((line, index) => {
    if (index > 0 && index % perSet === 0) pieces.push({ text: "" }, { text: `(${perSet} rows affected)` }, ...head);
    else if (index % Math.min(every, perSet) === 0) pieces.push(...(index ? [{ text: "" }] : []), ...head);
    pieces.push(line);
  });
  const last = switches.trailer === "rows affected" ? `(${rows.length - perSet} rows affected)` : switches.trailer;
  return last ? [...pieces, { text: "" }, { text: last }] : pieces;
}

/** bcp: TAB, no header, no quoting; NULL is nothing and the empty string is one NUL byte. */
export function bcp(): Piece[] {
  const field = (value: string | null) => (value === null ? "" : value === "" ? "\0" : value);
  return safeRows("\t").map((row) => piece(row, "\t", field));
}

/** SSMS "Save Results As": NULL as text; with quoting switched off, values are written as they are. */
export function ssms(delimiter: string, quoting: boolean): Piece[] {
  const field = (value: string | null) =>
    value === null ? "NULL" : needsQuotes(value, delimiter) ? inQuotes(value) : value;
  const rows = quoting ? callRows : safeRows(delimiter);
  return [header(delimiter, plain), ...rows.map((row) => piece(row, delimiter, quoting ? field : orNull))];
}

/** Export-Csv: everything in quotes; Windows PowerShell adds a #TYPE line and knows only ASCII. */
export function exportCsv(delimiter: string, version: "5.1" | "7"): Piece[] {
  const known = (text: string) => (version === "5.1" ? text.replace(/[^\0-\x7F]/g, "?") : text);
  const rows = callRows.map((row) => ({ ...row, name: known(row.name!) }));
  return [
    ...(version === "5.1" ? [{ text: "#TYPE System.Data.DataRow" }] : []),
    { text: columns.map(inQuotes).join(delimiter) },
    ...rows.map((row) => piece(row, delimiter, (value) => inQuotes(value ?? ""))),
  ];
}

/** What Excel makes of it: local dates, no leading zeros, long numbers in powers of ten. */
export function excel(): Piece[] {
  const rows = callRows.map((row) => ({
    ...row,
    start: `${row.start!.slice(8, 10)}/${row.start!.slice(5, 7)}/${row.start!.slice(0, 4)} ${row.start!.slice(11, 16)}`,
    extension: String(Number(row.extension)),
    number: row.number === null ? null : asExcelNumber(row.number),
  }));
  const field = (value: string | null) => (needsQuotes(value ?? "", ";") ? inQuotes(value!) : (value ?? ""));
  return [{ text: "sep=;" }, header(";", plain), ...rows.map((row) => piece(row, ";", field))];
}

/** `SELECT … FOR JSON PATH, INCLUDE_NULL_VALUES`: one array. */
export function json(): Piece[] {
  const last = callRows.length - 1;
  const body = callRows.map((row, index) => ({ text: `${JSON.stringify(row)}${index < last ? "," : ""}`, row }));
  return [{ text: "[" }, ...body, { text: "]" }];
}

export function ndjson(): Piece[] {
  return callRows.map((row) => ({ text: JSON.stringify(row), row }));
}

/** sqlcmd without -s and -W: only the line of dashes says where a column ends. */
export function fixedWidth(): Piece[] {
  return sqlcmd(" ", { padded: true, trailer: `(${callRows.length} rows affected)` });
}

function header(delimiter: string, naming: Naming): Piece {
  return { text: columns.map(naming).join(delimiter) };
}

function piece(row: CallRow, delimiter: string, field: (value: string | null) => string): Piece {
  return { text: columns.map((column) => field(row[column])).join(delimiter), row };
}

/** As with REPLACE in the query: what an unquoted export needs so as not to break. */
function safeRows(delimiter: string): CallRow[] {
  return callRows.map((row) => ({
    ...row,
    name: row.name!.replace(/\n/g, " ").replaceAll(delimiter === " " ? "\t" : delimiter, " -"),
  }));
}

const orNull = (value: string | null) => value ?? "NULL";
const orEmpty = (value: string | null) => value ?? "";
const inQuotes = (value: string) => `"${value.replaceAll('"', '""')}"`;

function needsQuotes(value: string, delimiter: string): boolean {
  return value.includes(delimiter) || /["\r\n]/.test(value);
}

function asExcelNumber(digits: string): string {
  const number = Number(digits);
  return number < 1e11 ? String(number) : number.toExponential(2).replace(/e\+(\d\d?)$/, (_, power) => `E+${power}`);
}

const widths: Readonly<Record<Column, number>> = {
  datasource: 12,
  voicelocation: 13,
  voicefilename: 64,
  start: 23,
  duration: 11,
  extension: 16,
  number: 24,
  name: 40,
  direction: 9,
};

function dashes(column: Column, padded = false): string {
  return "-".repeat(padded ? widths[column] : column.length);
}

/** sqlcmd pads to the type's width and sets numbers to the right. */
function padding(text: string, column: Column): string {
  return column === "duration" && text !== column ? text.padStart(widths[column]) : text.padEnd(widths[column]);
}
