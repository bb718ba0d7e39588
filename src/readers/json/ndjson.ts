import { linesOf } from "../lines.ts";
import type { JsonText } from "./rows.ts";
import { longestValue } from "./split.ts";

/** One value on each line; blank lines and the record separators of RFC 7464 are passed over. */
export async function* lineTexts(blocks: AsyncIterable<Buffer>, file: string): AsyncGenerator<JsonText[]> {
  let count = 0;
  for await (const lines of linesOf(blocks, file, longestValue)) {
    const texts: JsonText[] = [];
    for (const line of lines) {
      count++;
      const text = line.replace(/^[\x1e\ufeff]+/, "").trim();
      if (text !== "") texts.push({ text, line: count });
    }
    yield texts;
  }
}
