import { once } from "node:events";
import { harmless } from "../core/csv-field.ts";
import { cutStart, cutTo, widthOf } from "../core/width.ts";
import type { Io } from "./io.ts";

export interface Column<T> {
  readonly title: string;
  readonly align?: "right";
  readonly value: (row: T) => string;
  /** Left out where the terminal is too narrow for all; the last such column first. */
  readonly optional?: boolean;
  /** Cut last: what makes the row known. */
  readonly telling?: boolean;
  /** Cut at its beginning, because its end tells more: a path. */
  readonly tail?: boolean;
}

/**
 * Rows as an aligned text table with a title line; hostile text is made printable. In a terminal, `width` columns wide, no
 * row is wider: columns are left out, then cut.
 */
export function formatTable<T>(rows: readonly T[], all: readonly Column<T>[], width?: number): string {
  const columns = fitting(
    all.map((column) => laidOut(column, rows)),
    width,
  );
  const line = (at: number) => {
    const texts = columns.map(({ column, cells, size }) => aligned(cells[at] ?? "", size, column));
    return `${cutTo(texts.join("  ").trimEnd(), width ?? Infinity)}\n`;
  };
  return Array.from({ length: rows.length + 1 }, (_, at) => line(at)).join("");
}

/** How wide the terminal is that a table is printed on; undefined where it goes elsewhere, and stays whole. */
export function tableWidth({ isTTY, columns }: Io["stdout"]): number | undefined {
  return isTTY ? columns : undefined;
}

interface LaidOut<T> {
  readonly column: Column<T>;
  /** The title, then a cell for each row. */
  readonly cells: readonly string[];
  size: number;
}

function laidOut<T>(column: Column<T>, rows: readonly T[]): LaidOut<T> {
  const cells = [column.title, ...rows.map((row) => harmless(column.value(row)))];
  return { column, cells, size: cells.reduce((size, cell) => Math.max(size, widthOf(cell)), 0) };
}

/** The least that a cut cell shows. */
const leastSize = 8;
/** The least of a path for which other columns are left out. */
const leastTail = 24;

function fitting<T>(all: readonly LaidOut<T>[], width = Infinity): readonly LaidOut<T>[] {
  const over = (columns: readonly LaidOut<T>[]) => columns.reduce((sum, { size }) => sum + size + 2, -2) - width;
  const columns = [...all];
  const spared = () =>
    columns.reduce((sum, { column, size }) => sum + (column.tail ? Math.max(0, size - leastTail) : 0), 0);
  for (const each of all.toReversed()) {
    if (each.column.optional && over(columns) > spared()) columns.splice(columns.indexOf(each), 1);
  }
  const widest = (telling: boolean) =>
    columns
      .filter(({ column, size }) => (column.telling ?? false) === telling && size > leastSize)
      .sort((one, other) => other.size - one.size)[0];
  for (const telling of [false, true]) {
    for (let cut = widest(telling); over(columns) > 0 && cut !== undefined; cut = widest(telling)) cut.size -= 1;
  }
  return columns;
}

function aligned<T>(cell: string, size: number, { align, tail }: Column<T>): string {
  const text = tail ? cutStart(cell, size) : cutTo(cell, size);
  const blanks = " ".repeat(size - widthOf(text));
  return align === "right" ? blanks + text : text + blanks;
}

const tableRows = 2000;

/** Gathers rows into tables of up to `tableRows`, so that their columns line up; no rows at all print what waits. */
export function tablePrinter<T>(columns: readonly Column<T>[], width?: number): (rows: readonly T[]) => string {
  let waiting: T[] = [];
  return (rows) => {
    waiting.push(...rows);
    if (waiting.length === 0 || (rows.length > 0 && waiting.length < tableRows)) return "";
    const table = formatTable(waiting, columns, width);
    waiting = [];
    return table;
  };
}

/** Writes data to stdout and, where the reader is slow, waits until it has made room. */
export async function writeOut(text: string, { stdout, stop }: Io): Promise<void> {
  if (text !== "" && !stdout.write(text)) await once(stdout, "drain", { signal: stop });
}
