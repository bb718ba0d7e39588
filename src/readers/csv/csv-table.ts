import { plainName } from "../../core/columns.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { RejectedRow, Row, RowBatch } from "../../core/model/recording.ts";
import { formatNumberOf, printable } from "../../core/text.ts";
import { cellValue, cleanName, fieldNames } from "../cells.ts";
import type { ReaderSettings } from "../index.ts";
import { type RawRecord, records } from "./csv-records.ts";
import {
  type Dialect,
  isDashLine,
  isFailure,
  isKnownColumn,
  isNoise,
  isPsqlRule,
  isSurelyNoise,
  linesAboveHeader,
  tellDialect,
} from "./dialect.ts";
import { faultOf, foldWatch } from "./row-faults.ts";

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
  table.end();
}

/** Tells rows from everything else a tool writes; each record is taken in order. */
export interface Table {
  take(record: RawRecord, rows: Row[], rejected: RejectedRow[]): void;
  /** After the last record. Throws `bad-rows` when the text was no table at all: no row, and no column that anybody knows. */
  end(): void;
}

/** A table whose column names come from `settings.columns` or from its first line after those `above` them. */
export function openTable(dialect: Dialect, settings: ReaderSettings, file: string, above = 0): Table {
  const delimiter = dialect.kind === "fixed" ? " " : dialect.delimiter;
  const watchFolds = foldWatch(dialect, file);
  let header = settings.columns?.map(cleanName);
  let names = settings.columns === undefined ? [] : fieldNames(settings.columns, settings.map, file);
  let twins = twinsOf(header ?? []);
  let known: ReadonlySet<string> = new Set(header);
  let previous: "nothing" | "header" | "other" = "nothing";
  let shortest = Number.POSITIVE_INFINITY;

  const setHeader = (record: RawRecord) => {
    if (isNoise(record.cells.join(delimiter))) return;
    refuseValues(record, file);
    header = record.cells.map(cleanName);
    known = new Set(header);
    names = fieldNames(record.cells, settings.map, file);
    twins = twinsOf(record.cells.map((cell) => cell.trim().toLowerCase()));
    previous = "header";
  };

  /** What stands between rows: noise, header lines, and sqlcmd's dashes under them. */
  const isBetween = (record: RawRecord, columns: readonly string[]): boolean => {
    const { cells } = record;
    const before = previous;
    if (isRule(cells, before, delimiter) || isNoiseIn(cells, columns.length, delimiter)) return true;
    previous = "other";
    if (isDashes(cells)) {
      if (before !== "header") throw otherColumns(record, file);
      return true;
    }
    if (!isHeader(cells, columns) && !(before === "nothing" && namesColumns(cells, columns))) {
      if (isOtherHeader(cells, known)) throw otherColumns(record, file);
      return false;
    }
    previous = "header";
    return true;
  };

  return {
    take(record, rows, rejected) {
      if (looksFailed(record.cells)) refuseFailed(record, delimiter, file);
      if (header === undefined && record.line <= above) return;
      if (header === undefined) setHeader(record);
      else if (isBetween(record, header)) return;
      else {
        const fault = faultOf(record, { columns: header, shortest, twins, dialect, delimiter, watchFolds });
        if (fault === undefined) rows.push({ fields: fieldsOf(record.cells, names), file, line: record.line });
        else rejectAll(record, fault, file, rejected);
        shortest = Math.min(shortest, record.cells.length);
      }
    },
    end() {
      if (header === undefined || Number.isFinite(shortest) || header.some(isKnownColumn)) return;
      const mapped = new Set(Object.values(settings.map ?? {}).map(cleanName));
      if (!header.some((name) => mapped.has(name))) throw noTable(header, delimiter, file);
    },
  };
}

/** Columns by which a recording is told: two of one name must not say different things. */
const telling: ReadonlySet<string> = new Set(
  "datasource voicelocation voicefilename recordingid recordinguri recordingcontenturi contenturi".split(" "),
);

/** The places of columns that tell a recording and have the same name as an earlier one. */
function twinsOf(columns: readonly string[]): (readonly [number, number])[] {
  const seen = new Map<string, number>();
  return columns.flatMap((name, at) => {
    const first = seen.get(name);
    if (first === undefined) seen.set(name, at);
    return first !== undefined && telling.has(plainName(name)) ? [[first, at] as const] : [];
  });
}

function noTable(header: readonly string[], delimiter: string, file: string): RecordingError {
  const shown = printable(header.join(delimiter)).slice(0, 120);
  return new RecordingError("bad-rows", `${file} contains no rows and no known column names ("${shown}").`);
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
  if (!(first.charCodeAt(0) > 0x40)) return false;
  return /^\p{L}+\.?\s?\d+(,|$)/u.test(first) || /^(HResult|Sqlcmd:|SQLState) ?/.test(first);
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

/** What exporting tools print between rows; a line with as many cells as a row must surely be that. */
function isNoiseIn(cells: readonly string[], wanted: number, delimiter: string): boolean {
  if (cells.length === 1 || cells.length !== wanted) return isNoise(cells.join(delimiter));
  return /^\s*(\(\d|Changed )/.test(cells[0] as string) && isSurelyNoise(cells.join(delimiter));
}

function isDashes(cells: readonly string[]): boolean {
  return (
    (cells[0] as string).trimStart().startsWith("-") &&
    cells.every((cell) => /^\s*-+\s*$/.test(cell)) &&
    isDashLine(cells.join("|"))
  );
}

const dataLike = /^(\\?\d+\\?|NCS[\dA-F]{40}|[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|\d{4}-\d\d-\d\d[ T].*|https?:.*)$/i;

function refuseValues(record: RawRecord, file: string): void {
  if (record.cells.some((cell) => dataLike.test(cell.trim()))) {
    throw new RecordingError(
      "bad-rows",
      `${file}, line ${record.line}: the first line holds values, not column names. Name the columns with --columns datasource,voicelocation,voicefilename,… in their order.`,
    );
  }
}

/** Whether the first line under `--columns` is a header all the same. */
function namesColumns(cells: readonly string[], columns: readonly string[]): boolean {
  return cells.some((cell) => cell.trim() !== "" && columns.includes(cleanName(cell)));
}

function isHeader(cells: readonly string[], header: readonly string[]): boolean {
  if (!(cells[0] as string).toLowerCase().includes(header[0] as string)) return false;
  return cells.every((cell, at) => cleanName(cell) === header[at]);
}

/** Whether a record between rows names columns, but not those of this table, or in another order. */
function isOtherHeader(cells: readonly string[], columns: ReadonlySet<string>): boolean {
  // Cheap first look: few rows begin with a letter.
  if (!/^[\s"'`[]*\p{L}/u.test(cells[0] as string)) return false;
  const isName = (cell: string) => columns.has(cleanName(cell)) || isKnownColumn(cell);
  const filled = cells.filter((cell) => cell.trim() !== "");
  return filled.length > 1 && filled.every(isName);
}

/** One entry for each line, so that the count is that of the rows that are missing. */
function rejectAll(record: RawRecord, what: string, file: string, rejected: RejectedRow[]): void {
  for (let line = record.line; line <= record.lastLine; line++) {
    rejected.push({ file, line, message: what });
  }
}
