import { folded, foldedWords } from "./folding.ts";
import type { EntryFilter } from "./model/ledger.ts";
import type { RecordingRef } from "./model/recording.ts";

/** What a filter asks of a call's words and numbers, which is compared here and not by a ledger's query. */
export type WordFilter = Pick<EntryFilter, "number" | "wholeNumber" | "name" | "text" | "direction" | "extension">;

/**
 * Whether a recording is one that the filter asks for; what its call does not tell does not fit. `spoken` tells what was
 * said in it, where that is known, for a text that its call does not have.
 */
export function fitsWords(ref: RecordingRef, filter: WordFilter, spoken?: () => string | undefined): boolean {
  const { call } = ref;
  const { number, wholeNumber = false, name, text, direction, extension } = filter;
  return (
    (direction === undefined || call.direction === direction) &&
    (extension === undefined || call.extension === extension) &&
    (number === undefined || hasNumber(ref, number, wholeNumber)) &&
    (name === undefined || hasName(ref, name)) &&
    (text === undefined || hasText(ref, text) || foldedWords(spoken?.() ?? "").includes(folded(text)))
  );
}

/** Whether the filter asks for any of this. */
export function asksForWords({ number, name, text, direction, extension }: WordFilter): boolean {
  return [number, name, text, direction, extension].some((asked) => asked !== undefined);
}

/** From so many digits on a number tells its subscriber, wherever it is dialled from. */
export const tellingDigits = 8;

function hasNumber({ call }: RecordingRef, asked: string, whole: boolean): boolean {
  const same = whole ? isWholeNumber : isNumber;
  return same(call.from, asked) || same(call.to, asked) || isWholeNumber(call.extension, asked);
}

/**
 * Whether two ways to write a number mean one: the one asked for is the end of the other, in whatever groups either is
 * written, with or without the country's code and the zeros before it. What has letters is compared as text.
 */
export function isNumber(held: string | undefined, asked: string): boolean {
  if (held === undefined) return false;
  const [theirs, ours] = [significantDigits(held), significantDigits(asked)];
  if (!isOfDigits(asked)) return folded(held) === folded(asked);
  return theirs.endsWith(ours) || (theirs.length >= tellingDigits && ours.endsWith(theirs));
}

/** Whether it is this number with all its digits. */
export function isWholeNumber(held: string | undefined, asked: string): boolean {
  if (held === undefined) return false;
  if (!isOfDigits(asked)) return folded(held) === folded(asked);
  return significantDigits(held) === significantDigits(asked);
}

function isOfDigits(number: string): boolean {
  return significantDigits(number) !== "" && !/\p{L}/u.test(number);
}

/** `0044 (0)20 7183 8750` as `4402071838750`: without the zeros before it, which only say where one dials from. */
export function significantDigits(number: string): string {
  return number.replace(/\D/g, "").replace(/^0+/, "");
}

/** Each word of the name asked for stands somewhere in the names of the call's people; neither case nor accents count. */
function hasName({ call }: RecordingRef, asked: string): boolean {
  const names = folded(`${call.name ?? ""}\n${call.user ?? ""}`);
  return folded(asked)
    .split(/\s+/)
    .every((word) => names.includes(word));
}

function hasText({ id, call }: RecordingRef, asked: string): boolean {
  const words = [call.from, call.to, call.extension, call.user, call.name, id].map((word) => word ?? "");
  return foldedWords(words.join("\n")).includes(folded(asked));
}
