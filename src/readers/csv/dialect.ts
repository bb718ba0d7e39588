import { RecordingError } from "../../core/errors.ts";
import { isBorder, isDashLine, isNoise, isPsqlRule } from "./marks.ts";

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
