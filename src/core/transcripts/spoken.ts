import { folded } from "../folding.ts";
import type { SpokenLine } from "./line.ts";

/** A transcript as the ledger knows it. */
export interface Transcript {
  /** Relative to the archive, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Why its words are not searched, for a person. */
  readonly note?: string;
}

/** What was said in a recording, by all its transcripts. */
export interface Spoken {
  readonly lines: readonly SpokenLine[];
  /** There was more than is kept. */
  readonly cut?: true;
}

/** Letters of a recording's words that are kept: some eight hours of speech. */
export const mostSpokenLetters = 500_000;

/**
 * The lines of all transcripts of a recording as one: of the first with times (else of the first) all, of the others what
 * that one does not say. What is too much is left out.
 */
export function joinedSpoken(transcripts: readonly (readonly SpokenLine[])[]): Spoken {
  const main = transcripts.find((lines) => lines.some(({ at }) => at !== undefined)) ?? transcripts[0] ?? [];
  const said = new Set(main.map(({ text }) => folded(text)));
  const all = folded(textOf(main));
  const others = transcripts.filter((lines) => lines !== main && !all.includes(folded(textOf(lines)))).flat();
  const kept: SpokenLine[] = [];
  let letters = 0;
  for (const line of [...main, ...others.filter(({ text }) => !said.has(folded(text)))]) {
    letters += line.text.length + 1;
    if (letters > mostSpokenLetters) return { lines: kept, cut: true };
    kept.push(line);
  }
  return { lines: kept };
}

/** The words of lines as they are searched. */
export function textOf(lines: readonly SpokenLine[]): string {
  return lines.map(({ text }) => text).join(" ");
}

/** The line in which a text that may run over several begins; neither case nor accents count. */
export function lineWith(lines: readonly SpokenLine[], text: string): SpokenLine | undefined {
  const asked = folded(text);
  const words = lines.map((line) => folded(line.text));
  const at = asked === "" ? -1 : words.join(" ").indexOf(asked);
  if (at === -1) return lineWithNumber(lines, asked);
  let end = 0;
  return lines.find((_, index) => {
    end += (words[index] as string).length + 1;
    return at < end;
  });
}

/** A number that is written in groups is found by its digits. */
function lineWithNumber(lines: readonly SpokenLine[], asked: string): SpokenLine | undefined {
  if (!/^\d{3,}$/.test(asked)) return undefined;
  return lines.find(({ text }) => text.replace(/[\s()./-]/g, "").includes(asked));
}
