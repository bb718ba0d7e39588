import { linesOf } from "../lines.ts";
import type { RawRecord } from "./records.ts";

/** Longest line of a table, in characters. */
export const longestRow = 1024 * 1024;

/** Lines cut at every separator. */
export async function* plainRecords(
  blocks: AsyncIterable<Buffer>,
  delimiter: string,
  file: string,
): AsyncGenerator<RawRecord[]> {
  yield* cutLines(blocks, file, (line) => line.split(delimiter));
}

/** Lines cut at the columns' places; a line that does not have blanks between them stays whole. */
export async function* fixedRecords(
  blocks: AsyncIterable<Buffer>,
  widths: readonly number[],
  file: string,
): AsyncGenerator<RawRecord[]> {
  const starts = widths.map((_, at) => widths.slice(0, at).reduce((sum, width) => sum + width + 1, 0));
  yield* cutLines(blocks, file, (line) => cutFixed(line, starts, widths));
}

function cutFixed(line: string, starts: readonly number[], widths: readonly number[]): string[] {
  const last = starts.length - 1;
  const fits =
    line.length >= starts[last]! &&
    line.length <= starts[last]! + widths[last]! &&
    starts.every((start) => start === 0 || line[start - 1] === " ");
  return fits ? starts.map((start, at) => line.slice(start, start + widths[at]!)) : [line];
}

async function* cutLines(
  blocks: AsyncIterable<Buffer>,
  file: string,
  cut: (line: string) => string[],
): AsyncGenerator<RawRecord[]> {
  let count = 0;
  for await (const lines of linesOf(blocks, file, longestRow)) {
    const cutLines: RawRecord[] = [];
    for (const line of lines) {
      count++;
      if (line !== "") cutLines.push({ cells: cut(line), line: count, lastLine: count });
    }
    yield cutLines;
  }
}
