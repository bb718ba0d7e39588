import { RecordingError } from "../core/errors.ts";

/**
 * The lines of a text, some thousand at a time, without their ends. LF and CRLF, or CR where the first block has no LF.
 * A line longer than `maxLength` characters is refused: no tool writes rows like that.
 */
export async function* linesOf(
  blocks: AsyncIterable<Buffer>,
  file: string,
  maxLength: number,
): AsyncGenerator<string[]> {
  let end: string | undefined;
  let tail = "";
  let count = 0;
  for await (const block of blocks) {
    end ??= !block.includes(10) && block.includes(13) ? "\r" : "\n";
    const lines = (tail + block.toString("utf8")).split(end);
    tail = lines.pop() as string;
    if (tail.length > maxLength) {
      throw new RecordingError(
        "bad-rows",
        `${file}, line ${count + lines.length + 1}: the line is too long to be a row.`,
      );
    }
    count += lines.length;
    yield withoutReturns(lines);
  }
  if (tail !== "") yield withoutReturns([tail]);
}

function withoutReturns(lines: string[]): string[] {
  for (const [at, line] of lines.entries()) if (line.endsWith("\r")) lines[at] = line.slice(0, -1);
  return lines;
}
