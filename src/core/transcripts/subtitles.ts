import { lineOf, type SpokenLine } from "./line.ts";

/**
 * The cues of WebVTT or SubRip, also of what whisper.cpp prints (`[00:00:01.000 --> 00:00:04.000]  words`), read as
 * players read them: what is between cues is passed over, and a cue whose times cannot be read keeps its words.
 */
export function subtitleLines(text: string): SpokenLine[] {
  const found: SpokenLine[] = [];
  let cue: { readonly at: number | undefined; readonly to: number | undefined; words: string[] } | undefined;
  const end = () => {
    if (cue !== undefined) found.push(...linesOfCue(cue.words.join("\n"), cue.at, cue.to));
    cue = undefined;
  };
  for (const line of text.split("\n")) {
    const timing = timingOf(line);
    // An arrow may be among the words, too.
    if (timing !== undefined && (cue === undefined || /\d/.test(timing.from + timing.to))) {
      // Without an empty line between two cues of SubRip, the counter of the next one is no word of this one.
      if (cue !== undefined && cue.words.length > 1 && /^\s*\d+\s*$/.test(cue.words.at(-1)!)) cue.words.pop();
      end();
      cue = { at: secondsOf(timing.from), to: secondsOf(timing.to), words: [timing.rest] };
    } else if (line.trim() === "") end();
    else cue?.words.push(line);
  }
  end();
  return found;
}

/** Whether the text has cues at all. */
export function hasCues(text: string): boolean {
  return /^\s*\[?-?[\d:.,]{1,20} ?--> ?-?[\d:.,]{1,20}/m.test(text);
}

interface Timing {
  readonly from: string;
  readonly to: string;
  /** What whisper.cpp prints behind it. */
  readonly rest: string;
}

function timingOf(line: string): Timing | undefined {
  if (!line.includes("-->")) return undefined;
  const match = /^\s*(\[?)(\S{1,30})\s*-->\s*([^\s\]]{1,30})(.*)$/.exec(line.slice(0, 10_000));
  if (match === null) return undefined;
  const [, mark, from = "", to = "", rest = ""] = match;
  // Behind the times of a cue stand its settings, behind those in brackets the words.
  return { from, to, rest: mark === "" ? "" : rest.replace(/^\]/, "") };
}

/** `1:02:03.5`, `02:03,5`. */
function secondsOf(time: string): number | undefined {
  const match = /^(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,9}))?$/.exec(time);
  if (match === null) return undefined;
  const [, hours = "0", minutes = "0", seconds = "0", fraction = "0"] = match;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) + Number(`0.${fraction}`);
}

/** A cue in which several speak (`<v Ann>…</v><v Bob>…`) is a line for each. */
function linesOfCue(words: string, at: number | undefined, to: number | undefined): SpokenLine[] {
  const parts = words.split(/<v(?:\.[^\s>]{0,100})?[ \t]([^<>\n]{1,200})>/i);
  const first = lineOf(plain(parts[0] ?? ""), at, to);
  const others = parts.flatMap((part, index) => (index % 2 === 1 ? [[part, parts[index + 1] ?? ""] as const] : []));
  const spoken = others.map(([speaker, said]) => lineOf(plain(said), at, to, plain(speaker)));
  return [first, ...spoken].filter((line) => line !== undefined);
}

/** The tags of both formats, and nothing else that looks like a tag: it may have been said. */
const tags = /<\/?(?:[biucv]|ruby|rt|lang|font)(?:[.\s][^<>]{0,200})?>|<\d[\d:.]{3,20}>|\{\\an?\d\}/gi;

const entities: Readonly<Record<string, string>> = {
  ...{ amp: "&", lt: "<", gt: ">", nbsp: " ", lrm: "", rlm: "", quot: '"' },
};

function plain(words: string): string {
  return words.replace(tags, "").replace(/&(amp|lt|gt|nbsp|lrm|rlm|quot);/g, (_, name: string) => entities[name] ?? "");
}
