import { once } from "node:events";
import { harmless } from "../core/csv-field.ts";
import type { Io } from "./io.ts";

export interface Column<T> {
  readonly title: string;
  readonly align?: "right";
  readonly value: (row: T) => string;
}

/** Rows as an aligned text table with a title line; hostile text is made printable. */
export function formatTable<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const cells = rows.map((row) => columns.map((column) => harmless(column.value(row))));
  const widths = columns.map((column, at) =>
    Math.max(column.title.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const line = (texts: readonly string[]) =>
    columns
      .map(({ align }, at) =>
        align === "right" ? (texts[at] ?? "").padStart(widths[at] ?? 0) : (texts[at] ?? "").padEnd(widths[at] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...cells.map(line)].map((text) => `${text}\n`).join("");
}

const tableRows = 2000;

/** Gathers rows into tables of up to `tableRows`, so that their columns line up; no rows at all print what waits. */
export function tablePrinter<T>(columns: readonly Column<T>[]): (rows: readonly T[]) => string {
  let waiting: T[] = [];
  return (rows) => {
    waiting.push(...rows);
    if (waiting.length === 0 || (rows.length > 0 && waiting.length < tableRows)) return "";
    const table = formatTable(waiting, columns);
    waiting = [];
    return table;
  };
}

/** Writes data to stdout and, where the reader is slow, waits until it has made room. */
export async function writeOut(text: string, { stdout, stop }: Io): Promise<void> {
  if (text !== "" && !stdout.write(text)) await once(stdout, "drain", { signal: stop });
}
