const words: ReadonlySet<string> = new Set([
  "",
  "\0",
  "NULL",
  "null",
  "Null",
  "\\N",
  "(null)",
  "(NULL)",
  "[NULL]",
  "[null]",
  "<null>",
  "<NULL>",
  "<NA>",
  "#N/A",
  "#NA",
  "N/A",
  "n/a",
  "nan",
  "NaN",
  "NAN",
  "-nan",
  "NaT",
  "None",
  "nil",
  "undefined",
  "DBNull",
  "System.DBNull",
]);

/** Whether a cell, without blanks around it, is one of the ways in which tools write that there is no value. */
export function isNullWord(text: string): boolean {
  return text.length <= 13 && words.has(text);
}
