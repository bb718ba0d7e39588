import { plainName } from "../../core/columns.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { ReaderSettings } from "../index.ts";

/**
 * How the lines of one text are cut into cells. `quoted`: RFC 4180 quotes count. `plain`: every separator cuts, as
 * sqlcmd and bcp mean it. `fixed`: columns of the widths that sqlcmd's dash line shows, one blank between.
 */
export type Dialect =
  | { readonly kind: "quoted" | "plain"; readonly delimiter: string }
  | { readonly kind: "fixed"; readonly widths: readonly number[] };

const candidates = [",", ";", "\t", "|"];

/** Tells the dialect from the first lines, `above` of which stand over the column names: a `sep=` line, sqlcmd's dash line, else the separator most used in the header. */
export function tellDialect(head: string, columns: readonly string[] | undefined, file: string, above = 0): Dialect {
  const lines = head.split(/\r\n|\n|\r/, 40);
  const stated = lines.map((line) => /^"?sep=(.)"?$/i.exec(line)?.[1]).find((found) => found !== undefined);
  const at = lines.findIndex((line, index) => index >= above && !isNoise(line));
  const header = lines[at] ?? "";
  const dashes = lines[at + 1] ?? "";
  if (lines.slice(0, at).some(isBorder) || isPsqlRule(dashes)) return { kind: "plain", delimiter: "|" };
  if (isDashLine(dashes)) return dashDialect(dashes);
  refuseWrapped(lines, at, file);

  const delimiter = stated ?? mostUsed(header, columns);
  // bcp never quotes, so a quote at the start of a value is part of the value.
  const fromBcp = columns !== undefined && delimiter === "\t" && !header.startsWith('"');
  return { kind: fromBcp ? "plain" : "quoted", delimiter };
}

/** sqlcmd's line of dashes shows separator and widths, and that nothing is quoted. */
function dashDialect(dashes: string): Dialect {
  const separator = /[^- ]/.exec(dashes)?.[0];
  if (separator !== undefined) return { kind: "plain", delimiter: separator };
  return {
    kind: "fixed",
    widths: dashes
      .trimEnd()
      .split(" ")
      .map((run) => run.length),
  };
}

/** Where the header takes several lines, so do the dashes below it, and so does every row. */
function refuseWrapped(lines: readonly string[], header: number, file: string): void {
  const dashes = lines.findIndex((line, at) => at > header && isDashLine(line));
  if (header === -1 || dashes === -1 || dashes - header > 10) return;
  if (lines.slice(header, dashes).some((line) => line.trim() === "")) return;
  throw wrapped(file, header + 1);
}

/** The error for sqlcmd output that was folded at the screen width: which cell belongs where can no longer be told. */
export function wrapped(file: string, line: number): RecordingError {
  return new RecordingError(
    "bad-rows",
    `${file}, line ${line}: sqlcmd folded long lines at its screen width. Export again with -W -w 65535 -s "|".`,
  );
}

function mostUsed(header: string, columns: readonly string[] | undefined): string {
  const bare = header.replace(/"(?:[^"]|"")*"/g, "").replace(/\[[^\]]*\]/g, "");
  const counts = candidates.map((candidate) => bare.split(candidate).length);
  const fitting = columns === undefined ? -1 : counts.indexOf(columns.length);
  const best = fitting === -1 ? counts.indexOf(Math.max(...counts)) : fitting;
  return candidates[best] as string;
}

const noise = [
  /^\s*$/,
  /^"?#TYPE\b/,
  /^"?sep=.?"?$/i,
  /^Changed (database context|language setting)\b/,
  /^\(.*\d.*\)$/,
  /^Completion time: /,
  /^\d+ rows? in set\b/,
  /^[+|][-=+|:\s]*-{2}[-=+|:\s]*$/,
];

/** A line that carries no row and says nothing wrong: blank, `#TYPE`, `sep=`, `(3 rows affected)` in any language. */
export function isNoise(line: string): boolean {
  const text = line.trim();
  return noise.some((pattern) => pattern.test(text));
}

/** A line of the box that mysql draws around a table. */
export function isBorder(line: string): boolean {
  return /^\+(?:[-=]+\+)+\s*$/.test(line);
}

/** psql's line under the column names. */
export function isPsqlRule(line: string): boolean {
  return /^-+(?:\+-+)+\s*$/.test(line);
}

/** As isNoise, for a line that has as many separators as a row: only what no row looks like. */
export function isSurelyNoise(line: string): boolean {
  return surely.test(line.trim());
}

const surely = /^(\(\d[\d.,'\s]*\p{L}(?:[^()]|\(\p{L}+\))*\)|Changed (database context|language setting)\b.*)$/u;

const failures = [
  // `Msg 208, Level 16, State 1, …`, whose words are translated, and the tools' own failures.
  /^\p{L}+\.?\s?\d+, \p{L}+ \d+, \p{L}+ \d+/u,
  /^HResult 0x[\dA-F]+, Level \d+/i,
  /^Sqlcmd: /,
  /^SQLState = /,
];

/** A line by which the exporting tool says that the export failed. */
export function isFailure(line: string): boolean {
  return failures.some((pattern) => pattern.test(line));
}

/** sqlcmd's line under the header: runs of dashes, one separator or blanks between them. */
export function isDashLine(line: string): boolean {
  return line.length > 1 && dashes.test(line);
}

const dashes = /^ *-+ *(?:([^-\w\s"']|\t) *-+ *(?:\1 *-+ *)*| +-+(?: +-+)* *)?$/;

const known: ReadonlySet<string> = new Set(
  (
    "datasource voicelocation voicefilename recordingid recordinguri recordingcontenturi contenturi recording legs " +
    "sessionid telephonysessionid callid id start starttime startedat duration direction extension number name from to " +
    "date time fromphonenumber tophonenumber uri type"
  ).split(" "),
);

/** Whether a cell is one of the names under which columns of calls are known. */
export function isKnownColumn(cell: string): boolean {
  return cell.length <= longestKnown && known.has(plainName(cell.split(".").at(-1) as string));
}

const longestKnown = 64;

/**
 * How many lines stand above the column names: the title and the filter that reports begin with. Column names are told by
 * being known; where no line has any, the first line has them, whatever it says.
 */
export function linesAboveHeader(head: string, settings: ReaderSettings): number {
  if (settings.columns !== undefined) return 0;
  const mapped = new Set(Object.values(settings.map ?? {}).map(plainName));
  const lines = head.split(/\r\n|\n|\r/, 40);
  const at = lines.findIndex((line) => !isNoise(line) && isHeader(line, mapped));
  return at === -1 ? 0 : lines.slice(0, at).some((line) => !isNoise(line)) ? at : 0;
}

function isHeader(line: string, mapped: ReadonlySet<string>): boolean {
  if (line.length > 64 * 1024) return true;
  return [",", ";", "\t", "|"].some((separator) => {
    const cells = line.split(separator).map((cell) => plainName(cell.split(".").at(-1) as string));
    const filled = cells.filter((cell) => cell !== "");
    const count = filled.filter((cell) => known.has(cell)).length;
    return filled.some((cell) => mapped.has(cell)) || count >= 2 || (count === 1 && filled.length === 1);
  });
}
