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

/**
 * An object or a list that a table holds as text: JSON, what Python prints of a dict, or what PowerShell prints of a
 * nested object (`@{id=1; type=Automatic}`). Undefined for other text, also for JSON that was cut.
 */
export function objectOfCell(cell: string): unknown {
  const text = cell.trim();
  if (/^(?:@\{[^{}]*\}\s*)+$/s.test(text)) return powershellObjects(text);
  if (!/^[{[]/.test(text)) return undefined;
  return parsed(text) ?? parsed(jsonOfPython(text));
}

/** Whether a cell shows that the exporting tool could not write what it held: `System.Object[]`, `[object Object]`, `@{…`. */
export function isLostObject(cell: string): boolean {
  return /^(?:System\.|\[object |@\{|[{[]|<.* object at 0x|Newtonsoft\.)/.test(cell.trim());
}

function powershellObjects(text: string): unknown {
  const objects = [...text.matchAll(/@\{([^{}]*)\}/gs)].map(([, inner]) =>
    Object.fromEntries(
      (inner as string).split(/;\s*/).map((pair) => {
        const at = pair.indexOf("=");
        return [pair.slice(0, Math.max(0, at)).trim(), pair.slice(at + 1).trim()];
      }),
    ),
  );
  return objects.length === 1 ? objects[0] : objects;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const tokens = /'((?:[^'\\]|\\.)*)'|"(?:[^"\\]|\\.)*"|\b(?:None|True|False|nan|NaN)\b/gs;
const words: Readonly<Record<string, string>> = {
  None: "null",
  True: "true",
  False: "false",
  nan: "null",
  NaN: "null",
};

function jsonOfPython(text: string): string {
  return text.replace(tokens, (token, single: string | undefined) => {
    if (single === undefined) return words[token] ?? token;
    return JSON.stringify(single.replace(/\\(['"\\])/g, "$1"));
  });
}
