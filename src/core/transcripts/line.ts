/** A piece of what was said in a recording. */
export interface SpokenLine {
  /** Without line breaks. */
  readonly text: string;
  /** Seconds from the recording's start, where the transcript tells; never negative. */
  readonly at?: number;
  /** Where it ends; always after `at`. */
  readonly to?: number;
  readonly speaker?: string;
}

/** A line of these words; undefined where there are none. Times that cannot be are taken as not told. */
export function lineOf(words: string, at?: number, to?: number, speaker?: string): SpokenLine | undefined {
  const text = plainWords(words);
  if (text === "") return undefined;
  const begins = isTime(at) ? at : undefined;
  const ends = begins !== undefined && isTime(to) && to > begins ? to : undefined;
  const who = plainWords(speaker ?? "").slice(0, 100);
  return {
    text,
    ...(begins !== undefined && { at: begins }),
    ...(ends !== undefined && { to: ends }),
    ...(who !== "" && { speaker: who }),
  };
}

function plainWords(words: string): string {
  return words
    .replace(/[\s\p{Cc}]+/gu, " ")
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .trim();
}

/** Longer than any call. */
const mostSeconds = 1_000_000;

function isTime(seconds: number | undefined): seconds is number {
  return typeof seconds === "number" && seconds >= 0 && seconds <= mostSeconds;
}
