import { RecordingError } from "../../core/model/errors.ts";
import type { RejectedRow, Row, RowBatch } from "../../core/model/recording.ts";
import { formatNumberOf, printable } from "../../core/text.ts";
import { cellValue, cleanName, fieldNames } from "../cells.ts";
import type { ReaderSettings } from "../index.ts";
import {
  type Dialect,
  isDashLine,
  isFailure,
  isNoise,
  isPsqlRule,
  isSurelyNoise,
  linesAboveHeader,
  tellDialect,
  wrapped,
} from "./dialect.ts";
import { type RawRecord, records } from "./records.ts";

const batchRows = 4096;

/** The rows of a table of text, in any of the dialects that SQL tools write. */
export async function* tableRows(
  file: string,
  head: string,
  blocks: AsyncIterable<Buffer>,
  settings: ReaderSettings,
): AsyncGenerator<RowBatch, void> {
  const above = linesAboveHeader(head, settings);
  const dialect = tellDialect(head, settings.columns, file, above);
  const table = openTable(dialect, settings, file, above);
  if (above > 0) {
    const message = `${file}: ${formatNumberOf(above, "line")} above the column names skipped.`;
    yield { rows: [], notices: [message] };
  }
  for await (const block of records(blocks, dialect, file)) {
    for (let from = 0; from < block.length; from += batchRows) {
      const rows: Row[] = [];
      const rejected: RejectedRow[] = [];
      for (const record of block.slice(from, from + batchRows)) table.take(record, rows, rejected);
      if (rows.length > 0 || rejected.length > 0) yield { rows, rejected };
    }
  }
}

/** Tells rows from everything else a tool writes; each record is taken in order. */
export interface Table {
  take(record: RawRecord, rows: Row[], rejected: RejectedRow[]): void;
}

/** A table whose column names come from `settings.columns` or from its first line after those `above` them. */
export function openTable(dialect: Dialect, settings: ReaderSettings, file: string, above = 0): Table {
  const delimiter = dialect.kind === "fixed" ? " " : dialect.delimiter;
  const watchFolds = foldWatch(dialect, file);
  let header = settings.columns?.map(cleanName);
  let names = header === undefined ? [] : fieldNames(header, settings.map, file);
  let previous: "nothing" | "header" | "other" = "nothing";

  const setHeader = (record: RawRecord) => {
    if (isNoise(record.cells.join(delimiter))) return;
    header = readHeader(record, file);
    names = fieldNames(header, settings.map, file);
    previous = "header";
  };

  /** What stands between rows: noise, header lines, and sqlcmd's dashes under them. */
  const isBetween = (record: RawRecord, columns: readonly string[]): boolean => {
    const { cells } = record;
    const before = previous;
    const isOdd = cells.length === 1 || cells.length !== columns.length;
    if (isRule(cells, before, delimiter)) return true;
    if (isOdd && isNoise(cells.join(delimiter))) return true;
    if (!isOdd && /^\s*(\(\d|Changed )/.test(cells[0] as string) && isSurelyNoise(cells.join(delimiter))) return true;
    previous = "other";
    if (isDashes(cells)) {
      if (before !== "header") throw otherColumns(record, file);
      return true;
    }
    if (!isHeader(cells, columns) && !(before === "nothing" && namesColumns(cells, columns))) return false;
    previous = "header";
    return true;
  };

  return {
    take(record, rows, rejected) {
      if (looksFailed(record.cells)) refuseFailed(record, delimiter, file);
      if (header === undefined && record.line <= above) return;
      if (header === undefined) setHeader(record);
      else if (isBetween(record, header)) return;
      else if (record.cells.length !== header.length && !isRagged(record, header.length, dialect)) {
        watchFolds(record, header.length);
        rejectAll(record, misfit(record, header.length, dialect), file, rejected);
      } else if (record.line !== record.lastLine && record.cells.some(isSwallowed)) {
        rejectAll(record, "a quote in a value is not closed", file, rejected);
      } else rows.push({ fields: fieldsOf(record.cells, names), file, line: record.line });
    },
  };
}

/**
 * Whether only empty cells at a row's end are missing, as Excel leaves them out, or too many, after a trailing separator.
 * Tools that do not quote write all of them, and so does every tool in a record of several lines.
 */
function isRagged({ cells, line, lastLine }: RawRecord, wanted: number, { kind }: Dialect): boolean {
  if (kind !== "quoted" || line !== lastLine || cells.length === 1) return false;
  return cells.length < wanted || cells.slice(wanted).every((cell) => cell.trim() === "");
}

/** So many columns, at most, show that they are missing in a row that ends early. */
const mostShown = 1000;

/**
 * A null is a field that is there without a value: which columns a table has must show in every row. Those that a row
 * ends before are undefined.
 */
function fieldsOf(
  cells: readonly string[],
  names: readonly (string | undefined)[],
): Record<string, string | null | undefined> {
  const fields: Record<string, string | null | undefined> = {};
  const end = Math.min(names.length, Math.max(cells.length, mostShown));
  for (let at = 0; at < end; at++) {
    const name = names[at];
    const cell = cells[at];
    if (name !== undefined) fields[name] = cell === undefined ? undefined : cellValue(cell);
  }
  return fields;
}

/** Cheap first look: the first cell of a failure ends in a number, or names the tool. */
function looksFailed(cells: readonly string[]): boolean {
  const first = cells[0] as string;
  const code = first.charCodeAt(0);
  return (code > 0x40 && /^\p{L}+\.?\s?\d+(,|$)/u.test(first)) || /^(HResult|Sqlcmd:|SQLState) ?/.test(first);
}

function refuseFailed(record: RawRecord, delimiter: string, file: string): void {
  const text = record.cells.join(delimiter);
  if (!isFailure(text)) return;
  const shown = printable(text).slice(0, 120);
  throw new RecordingError("bad-rows", `${file}, line ${record.line}: the export failed ("${shown}"). Export again.`);
}

function otherColumns(record: RawRecord, file: string): RecordingError {
  return new RecordingError(
    "bad-rows",
    `${file}, line ${record.line}: a second result with other columns begins here. Export one query to a file.`,
  );
}

/** The line under the column names of psql and of tables in Markdown. */
function isRule(cells: readonly string[], before: string, delimiter: string): boolean {
  if (before !== "header" || !/^[\s:-]*[-+]/.test(cells.join(""))) return false;
  const line = cells.join(delimiter);
  return isPsqlRule(line) || /^\|(?:\s*:?-{2,}:?\s*\|)+\s*$/.test(line);
}

function isDashes(cells: readonly string[]): boolean {
  return (
    (cells[0] as string).trimStart().startsWith("-") &&
    cells.every((cell) => /^\s*-+\s*$/.test(cell)) &&
    isDashLine(cells.join("|"))
  );
}

const dataLike = /^(\\?\d+\\?|NCS[\dA-F]{40}|[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|\d{4}-\d\d-\d\d[ T].*|https?:.*)$/i;

function readHeader(record: RawRecord, file: string): string[] {
  if (record.cells.some((cell) => dataLike.test(cell.trim()))) {
    throw new RecordingError(
      "bad-rows",
      `${file}, line ${record.line}: the first line holds values, not column names. Name the columns with --columns datasource,voicelocation,voicefilename,… in their order.`,
    );
  }
  return record.cells.map(cleanName);
}

/** Whether the first line under `--columns` is a header all the same. */
function namesColumns(cells: readonly string[], columns: readonly string[]): boolean {
  return cells.some((cell) => cell.trim() !== "" && columns.includes(cleanName(cell)));
}

function isHeader(cells: readonly string[], header: readonly string[]): boolean {
  if (!(cells[0] as string).toLowerCase().includes(header[0] as string)) return false;
  return cells.every((cell, at) => cleanName(cell) === header[at]);
}

/** An opening quote that closed only rows later leaves its quote at the start of the value. */
function isSwallowed(cell: string): boolean {
  return cell.startsWith('"') && /[\r\n]/.test(cell);
}

/** One entry for each line, so that the count is that of the rows that are missing. */
function rejectAll(record: RawRecord, what: string, file: string, rejected: RejectedRow[]): void {
  for (let line = record.line; line <= record.lastLine; line++) {
    rejected.push({ file, line, message: what });
  }
}

function misfit({ cells }: RawRecord, wanted: number, dialect: Dialect): string {
  if (dialect.kind === "fixed") return 'the line does not fit the columns that the dashes show; export with -s "|"';
  return `${cells.length === 1 ? "1 field" : `${cells.length} fields`} where there should be ${wanted}`;
}

/**
 * Watches rejected records of sqlcmd for lines folded at the screen width: two lines in a row that make one record
 * together, the first as long as the first of another such pair, or 80 characters, sqlcmd's default.
 */
function foldWatch(dialect: Dialect, file: string): (record: RawRecord, wanted: number) => void {
  let before: RawRecord | undefined;
  let foldedAt: number | undefined;
  return (record, wanted) => {
    if (dialect.kind !== "plain") return;
    const first = before;
    before = record;
    if (first?.line !== record.line - 1 || first.cells.length + record.cells.length - 1 !== wanted) return;
    const length = first.cells.join(dialect.delimiter).length;
    if (length === 80 || length === foldedAt) throw wrapped(file, first.line);
    foldedAt = length;
    before = undefined;
  };
}
