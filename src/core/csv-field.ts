import { printable } from "./text.ts";

/**
 * A field of a CSV line: one harmless line of text, with an apostrophe before what a spreadsheet would take for a formula,
 * also where it begins a cell only for one that takes semicolons for separators; quoted where RFC 4180 asks for it.
 */
export function csvField(text: string): string {
  const value = harmless(text).split(";").map(harmless).join(";");
  return /[",;]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** Whole lines of CSV end as RFC 4180 has it; a value that is not known is an empty field. */
export function csvLine(values: readonly (string | number | boolean | undefined)[]): string {
  return `${values.map((value) => csvField(String(value ?? ""))).join(",")}\r\n`;
}

/** Text without control characters that no spreadsheet calculates; numbers, also of phones, stay as they are. */
export function harmless(text: string): string {
  const value = printable(text);
  return formula.test(value) ? `'${value}` : value;
}

const formula = /^\s*[=@\uff1d\uff20]|^\s*[+\-\uff0b\uff0d](?![\d().\s-]*$)/;
