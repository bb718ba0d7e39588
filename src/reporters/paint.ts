import { stripVTControlCharacters, styleText } from "node:util";

/** Columns that a text takes on a terminal; colours take none. */
export function widthOf(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += widthOfCharacter(character);
  return width;
}

/** The text cut to at most `columns`, its cut end marked by `…`. Expects text without colours. */
export function cutTo(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (widthOf(text) <= columns) return text;
  let cut = "";
  let width = 0;
  for (const character of text) {
    width += widthOfCharacter(character);
    if (width > columns - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

/** The text cut to at most `columns` between two words, where that leaves at least half of them; else as `cutTo` does. */
export function cutAtWord(text: string, columns: number): string {
  const cut = cutTo(text, columns);
  if (cut === text) return text;
  const whole = cut.replace(/\s*\S*…$/, "");
  return text.startsWith(`${cut.slice(0, -1)} `) || widthOf(whole) < columns / 2 ? cut : `${whole}…`;
}

/** The text filled with blanks, or cut, to exactly `columns`. */
export function column(text: string, columns: number): string {
  const cut = cutTo(text, columns);
  return cut + " ".repeat(Math.max(0, columns - widthOf(cut)));
}

export type Paint = (style: "bold" | "dim" | "red" | "yellow" | "green" | "cyan", text: string) => string;

/** Colours when `color` is set, else the text as it is; whether to colour is decided by who reads the environment. */
export function openPaint(color: boolean): Paint {
  // Newer Nodes would look at stdout and the environment again.
  return (style, text) => (color && text !== "" ? styleText(style, text, { validateStream: false }) : text);
}

const plain = /^[\x20-\x7e]*$/;
const none = /^[\p{M}\p{Cf}\p{Cc}]$/u;
const wide =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]$/u;

function widthOfCharacter(character: string): number {
  if (plain.test(character)) return 1;
  if (none.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}
