import type { CallRow } from "./calls.ts";

const columns = [
  "datasource",
  "voicelocation",
  "voicefilename",
  "start",
  "duration",
  "extension",
  "number",
  "name",
  "direction",
] as const satisfies readonly (keyof CallRow)[];

/** The calls table as CSV after RFC 4180; NULL and empty look the same in it. */
export function callsCsv(rows: readonly CallRow[]): string {
  const lines = rows.map((row) => columns.map((column) => field(row[column] ?? "")).join(","));
  return `${[columns.join(","), ...lines].join("\r\n")}\r\n`;
}

function field(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
