/** An id as a table holds it, without what tools wrap around text to keep it text: `="123"`, `'123`, `'123'`. */
export function unwrappedId(cell: string): string {
  const text = cell.trim();
  const formula = /^=\s*"(.*)"$/s.exec(text)?.[1]?.replaceAll('""', '"').trim() ?? text;
  return /^['\u2018\u2019](.+?)['\u2019]?$/s.exec(formula)?.[1]?.trim() ?? formula;
}

const group = "[.,'\u2019\\s\u00a0\u202f]";
const damages: readonly (readonly [RegExp, string])[] = [
  [/^[+-]?\d+(?:[.,]\d+)?E[+-]?\d+$/i, "a number in scientific notation, whose digits are lost"],
  [/^[+-]?\d+[.,]0*$/, "a number with decimals"],
  [new RegExp(`^[+-]?\\d{1,3}(?:${group}\\d{3})+(?:[.,]\\d+)?$`), "a number with thousands marks"],
  [new RegExp(`^\\d{1,2}(?:${group}\\d{2})+${group}\\d{3}$`), "a number with thousands marks"],
  [/(?:…|\.{3})$|^(?:…|\.{3})/, "cut short"],
  [/^#+$/, "the mark of a column that was too narrow"],
  [/^#(?:REF|VALUE|NAME|DIV\/0|NUM|NULL|SPILL|CALC)[!?]$/i, "an error of the spreadsheet"],
  [/^=/, "a formula"],
];

/** What a spreadsheet or a printer made of an id, in words; undefined when it shows no damage. */
export function damageOf(id: string): string | undefined {
  return damages.find(([pattern]) => pattern.test(id))?.[1];
}

/** What to do about damaged ids. */
export const idRemedy = "Export again with the column as text.";
