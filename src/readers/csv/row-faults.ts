import { cellValue } from "../cells.ts";
import type { RawRecord } from "./csv-records.ts";
import { type Dialect, wrapped } from "./dialect.ts";

/** What is known of a table when one of its records is judged. */
interface TableSoFar {
  readonly columns: readonly string[];
  /** Cells of the shortest row so far. */
  readonly shortest: number;
  /** Pairs of columns with one name. */
  readonly twins: readonly (readonly [number, number])[];
  readonly dialect: Dialect;
  readonly delimiter: string;
  readonly watchFolds: (record: RawRecord, wanted: number) => void;
}

/** Why a record is no row of its table; undefined when it is one. */
export function faultOf(record: RawRecord, table: TableSoFar): string | undefined {
  const { columns, shortest, twins, dialect, delimiter, watchFolds } = table;
  if (record.cells.length !== columns.length && !isRagged(record, columns.length, dialect)) {
    watchFolds(record, columns.length);
    return misfit(record, columns.length, dialect);
  }
  if (record.isOpen && record.cells.length < Math.min(shortest, columns.length) && Number.isFinite(shortest)) {
    return "the file ends in the middle of this row";
  }
  if (record.line !== record.lastLine && hasSwallowed(record.cells, columns.length, delimiter)) {
    return "a quote in a value is not closed";
  }
  const twin = twins.find(([first, second]) => isOtherValue(record.cells[first], record.cells[second]));
  return twin && `it has two columns called ${columns[twin[0]]} with different values; give them different names`;
}

/**
 * Whether only empty cells at a row's end are missing, as Excel leaves them out, or too many, after a trailing separator.
 * Tools that do not quote write all of them, and so does every tool in a record of several lines.
 */
function isRagged({ cells, line, lastLine }: RawRecord, wanted: number, { kind }: Dialect): boolean {
  if (kind !== "quoted" || line !== lastLine || cells.length === 1) return false;
  return cells.length < wanted || cells.slice(wanted).every((cell) => cell.trim() === "");
}

function isOtherValue(first: string | undefined, second: string | undefined): boolean {
  const value = second === undefined ? null : cellValue(second);
  return value !== null && value !== cellValue(first ?? "");
}

/**
 * Whether a record of several lines has rows inside a value: an opening quote that closed only rows later stands at the
 * value's start, or a line further down has as many separators as a row of four columns and more.
 */
function hasSwallowed(cells: readonly string[], columns: number, delimiter: string): boolean {
  if (cells.some((cell) => cell.startsWith('"') && /[\r\n]/.test(cell))) return true;
  const lines = cells.join(delimiter).split(/\r\n|\n|\r/);
  return columns > 3 && lines.slice(1).some((line) => line.split(delimiter).length === columns);
}

function misfit({ cells }: RawRecord, wanted: number, dialect: Dialect): string {
  if (dialect.kind === "fixed") return 'the line does not fit the columns that the dashes show; export with -s "|"';
  return `${cells.length === 1 ? "1 field" : `${cells.length} fields`} where there should be ${wanted}`;
}

/**
 * Watches rejected records of sqlcmd for lines folded at the screen width: two lines in a row that make one record
 * together, the first as long as the first of another such pair, or 80 characters, sqlcmd's default.
 */
export function foldWatch(dialect: Dialect, file: string): (record: RawRecord, wanted: number) => void {
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
