import { callRows, columns } from "./call-rows.ts";
import { fileName } from "./dialects.ts";

/** An export that went wrong, and what a reader has to make of it. */
export interface BrokenExport {
  readonly name: string;
  readonly file: string;
  readonly bytes: Buffer;
  /**
   * `stops`: nothing of the file may be trusted. `rejects`: the lines named are refused one by one, the rest is read.
   * `either`: no bad line may pass for a row, whether the reader stops or goes on.
   */
  readonly outcome: "stops" | "rejects" | "either";
  /** 1-based lines that are wrong (others may be called wrong too where the outcome is `either`). */
  readonly lines: readonly number[];
  /** How many rows are right all the same. */
  readonly goodRows: number;
}

const head = "datasource|voicelocation|voicefilename|name\r\n----------|-------------|-------------|----\r\n";
const good = callRows.slice(0, 3).map((row) => `${row.datasource}|4|${row.voicefilename}|${row.extension}`);

/** Exports that failed, broke, or lack what is needed. */
export const brokenExports: readonly BrokenExport[] = [
  broken(
    "sqlcmd could not find the table",
    "stops",
    [1],
    0,
    "Msg 208, Level 16, State 1, Server SQL01, Line 1\r\nInvalid object name 'calls'.\r\n",
  ),
  broken(
    "sqlcmd failed after the first rows",
    "stops",
    [6],
    0,
    `${head}${good.join("\r\n")}\r\nMsg 1205, Level 13, State 51, Server SQL01, Line 1\r\nTransaction was deadlocked.\r\n`,
  ),
  broken("a comma shifted the columns", "rejects", [3], 2, shifted(",")),
  broken("a TAB shifted the columns", "rejects", [3], 2, shifted("\t")),
  broken("sqlcmd wrapped at 80 columns", "either", [5, 6, 7, 8], 0, wrapped()),
  broken("no column names a recording", "stops", [1], 0, "extension,number,name\r\n0201,02079460123,Reception\r\n"),
  broken("no header and none given", "stops", [1], 0, "3\t4\tNCS00000000EA39883596CC41E799B4630006CF2D56\t61\r\n"),
  broken(
    "a quote that never closes",
    "either",
    [3],
    1,
    `${columns.join(",")}\n${plainLine(0)}\n3,4,"NCS1,oops\n${plainLine(1)}\n`,
  ),
];

function broken(
  name: string,
  outcome: BrokenExport["outcome"],
  lines: readonly number[],
  goodRows: number,
  text: string,
): BrokenExport {
  return { name, file: `broken-${fileName(name)}`, bytes: Buffer.from(text, "utf8"), outcome, lines, goodRows };
}

function shifted(delimiter: string): string {
  const lines = [
    ["3", "4", "NCS1", "Reception"],
    ["3", "4", "NCS2", `Smith${delimiter}John`],
    ["3", "4", "NCS3", "Sales"],
  ];
  return ["datasource", "voicelocation", "voicefilename", "name"]
    .join(delimiter)
    .concat("\r\n", ...lines.map((line) => `${line.join(delimiter)}\r\n`));
}

/** Header, dashes and each row run over 80 characters, and go on in the next line. */
function wrapped(): string {
  const lines = [
    columns.join("|"),
    columns.map((column) => "-".repeat(column.length)).join("|"),
    ...callRows.slice(0, 2).map((row) => columns.map((column) => row[column]).join("|")),
  ];
  return lines.map((line) => `${(line.match(/.{1,80}/g) ?? []).join("\r\n")}\r\n`).join("");
}

function plainLine(index: number): string {
  return columns.map((column) => callRows[index]![column]).join(",");
}
