import { once } from "node:events";
import { printable } from "../core/text.ts";
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

/**
 * A field of a CSV line: one harmless line of text, with an apostrophe before what a spreadsheet would take for a formula,
 * also where it begins a cell only for one that takes semicolons for separators; quoted where RFC 4180 asks for it.
 */
export function csvField(text: string): string {
  const value = harmless(text).split(";").map(harmless).join(";");
  return /[",;]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** Text without control characters that no spreadsheet calculates; numbers, also of phones, stay as they are. */
function harmless(text: string): string {
  const value = printable(text);
  return formula.test(value) ? `'${value}` : value;
}

const formula = /^\s*[=@\uff1d\uff20]|^\s*[+\-\uff0b\uff0d](?![\d().\s-]*$)/;

/** Writes data to stdout and, where the reader is slow, waits until it has made room. */
export async function writeOut(text: string, { stdout, stop }: Io): Promise<void> {
  if (text !== "" && !stdout.write(text)) await once(stdout, "drain", { signal: stop });
}
