import { plainName } from "../../core/columns.ts";
import type { ReaderSettings } from "../settings.ts";
import { isNoise } from "./marks.ts";

const known: ReadonlySet<string> = new Set(
  (
    "datasource voicelocation voicefilename recordingid recordinguri recordingcontenturi contenturi recording legs " +
    "sessionid telephonysessionid callid id start starttime startedat duration direction extension number name from to " +
    "date time fromphonenumber tophonenumber uri type"
  ).split(" "),
);

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
