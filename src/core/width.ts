/** Columns that a text takes on a terminal; colours take none. */
export function widthOf(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const character of text.replace(controls, "")) width += widthOfCharacter(character);
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

/** The text without its beginning, which is marked by `…`, in at most `columns`. */
export function cutStart(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (widthOf(text) <= columns) return text;
  const characters = [...text];
  let width = widthOf(text);
  while (width > columns - 1) width -= widthOf(characters.shift() ?? "");
  return `…${characters.join("")}`;
}

/** The text cut to at most `columns` between two words, where that leaves at least half of them; else as `cutTo` does. */
export function cutAtWord(text: string, columns: number): string {
  const cut = cutTo(text, columns);
  if (cut === text) return text;
  const whole = cut.replace(/\s*\S*…$/, "");
  return text.startsWith(`${cut.slice(0, -1)} `) || widthOf(whole) < columns / 2 ? cut : `${whole}…`;
}

/**
 * Text in lines of at most `columns`, broken between words; what goes on stands as far in as its line began. A word that is
 * wider than that stays whole, alone on its line.
 */
export function wrapped(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => (widthOf(line) <= columns ? line : wrappedLine(line, columns)))
    .join("\n");
}

/** Text as it is written to `stream`: in a terminal broken between words, elsewhere as it is; JSON stays whole. */
export function forPeople(text: string, { isTTY, columns }: { isTTY?: boolean; columns?: number }): string {
  const isOpen = isTTY !== true || columns === undefined || columns < 1;
  return isOpen || text.startsWith("{") ? text : wrapped(text, columns);
}

function wrappedLine(line: string, columns: number): string {
  const indent = /^ */.exec(line)?.[0] ?? "";
  const lines: string[] = [];
  let current = "";
  for (const word of line.trim().split(/ +/)) {
    if (current === "") current = indent + word;
    else if (widthOf(current) + 1 + widthOf(word) <= columns) current += ` ${word}`;
    else {
      lines.push(current);
      current = indent + word;
    }
  }
  return [...lines, current].join("\n");
}

/** The text filled with blanks, or cut, to exactly `columns`. */
export function column(text: string, columns: number): string {
  const cut = cutTo(text, columns);
  return cut + " ".repeat(Math.max(0, columns - widthOf(cut)));
}

/** What sets colours, moves the cursor, or sets a mode of the terminal. */
const controls = /\x1b\[[0-9;?]*[A-Za-z]/g;
const plain = /^[\x20-\x7e]*$/;
const none = /^[\p{M}\p{Cf}\p{Cc}]$/u;
const wide =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]$/u;

function widthOfCharacter(character: string): number {
  if (plain.test(character)) return 1;
  if (none.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}
