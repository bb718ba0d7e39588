import type { SpokenLine } from "../core/transcripts/line.ts";
import type { Spoken } from "../core/transcripts/spoken.ts";

/** What stands in `marks` for each line of `words`; null where a line has none of it. */
type Mark = readonly [at: number | null, to: number | null, speaker: string | null] | null;

/** A line of `spoken`, as far as it tells what was said. */
export interface SpokenRow {
  readonly cut: number | null;
  readonly marks: string;
  readonly words: string;
}

/** The columns `marks` and `words` for what was said. */
export function spokenValues(lines: readonly SpokenLine[]): [marks: string, words: string] {
  return [JSON.stringify(lines.map(markOf)), lines.map(({ text }) => withoutNul(text)).join("\n")];
}

/** What was said, as a row keeps it. */
export function spokenOfRow({ cut, marks: column, words }: SpokenRow): Spoken {
  const marks = JSON.parse(column) as Mark[];
  const texts = words === "" ? [] : words.split("\n");
  return { lines: texts.map((text, at) => lineOf(text, marks[at] ?? null)), ...(cut === 1 && { cut: true }) };
}

/** SQLite ends a text at its first NUL. */
function withoutNul(text: string): string {
  return text.replaceAll("\0", "\ufffd");
}

function markOf({ at, to, speaker }: SpokenLine): Mark {
  return at === undefined && speaker === undefined ? null : [at ?? null, to ?? null, speaker ?? null];
}

function lineOf(text: string, mark: Mark): SpokenLine {
  const [at, to, speaker] = mark ?? [null, null, null];
  return {
    text,
    ...(at !== null && { at }),
    ...(to !== null && { to }),
    ...(speaker !== null && { speaker }),
  };
}
