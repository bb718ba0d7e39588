/** Terminals that do not know their width say 0. */
const narrowest = 20;

/**
 * A line of text broken between words where it is longer than `columns`; lines after the first begin with `hang` blanks. A
 * word that is longer than a line stays whole. Without columns, for readers that are no terminal, the line stays as it is.
 */
export function wrapped(text: string, columns: number | undefined, hang = 0): string {
  if (columns === undefined || columns < narrowest) return text;
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/\s*\S+/g) ?? []) {
    if (line === "" || line.length + word.length <= columns) line += word;
    else {
      lines.push(line);
      line = " ".repeat(hang) + word.trimStart();
    }
  }
  return [...lines, line].join("\n");
}
