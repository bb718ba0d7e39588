import { parseJson } from "../core/exact-json.ts";

/**
 * An id as a table holds it, without what tools wrap around text to keep it text (`="123"`, `'123`, `"123"`), and without
 * marks that nobody sees.
 */
export function unwrappedId(cell: string): string {
  if (isPlain.test(cell)) return cell;
  const text = cell.replace(invisible, "").trim();
  const formula = /^=\s*(?:T\()?"(.*)"\)?$/s.exec(text)?.[1]?.replaceAll('""', '"').trim() ?? text;
  const inner = pairs.map((pair) => pair.exec(formula)?.[1]).find((each) => each !== undefined) ?? formula;
  return inner.replace(/^['\u2018\u2019](?=.)/, "").trim();
}

/** Almost all ids: nothing is wrapped around them. */
const isPlain = /^[\w\\.-]+$/;
const invisible = /[\u200b-\u200f\u2060\ufeff]/g;
const pairs = [
  /^"([^"]+)"$/,
  /^['\u2018\u2019\u201b]([^'\u2018\u2019]+)['\u2018\u2019]$/,
  /^[\u201c\u201d\u201e]([^\u201c\u201d\u201e]+)[\u201c\u201d]$/,
  /^`([^`]+)`$/,
  /^[\u00ab\u00bb](.+)[\u00ab\u00bb]$/,
];

const group = "[.,'\u2019\\s\u00a0\u202f\u00b7\u02d9\u066c\u066b]";
const damages: readonly (readonly [RegExp, string])[] = [
  [/^[+-]?\d+(?:[.,\u066b]\d+)?\s*E\s*[+-]?\d+$/i, "a number in scientific notation, whose digits are lost"],
  [
    /^[+-]?\d(?:[.,\u066b]\d+)?\s*[×x*·]\s*10(?:\^|\*\*)[+-]?\d+$/i,
    "a number in scientific notation, whose digits are lost",
  ],
  [/^[+-]?\d+[.,\u066b]0*$/, "a number with decimals"],
  [new RegExp(`^\\(?[+-]?\\d{1,3}(?:${group}\\d{3})+(?:[.,]\\d+)?\\)?$`), "a number with thousands marks"],
  [new RegExp(`^\\d{1,2}(?:${group}\\d{2})+${group}\\d{2,3}$`), "a number with thousands marks"],
  [/^\d{4}(?: \d{4})+$/, "a number with thousands marks"],
  [/(?:…|\.{3}|\d\.{2})$|^(?:…|\.{3})|\d…\d/, "cut short"],
  [/^#+$/, "the mark of a column that was too narrow"],
  [/^#[\p{L}¡/0]+[!?]$/iu, "an error of the spreadsheet"],
  [/^=/, "a formula"],
  [/^[\p{Nd}\p{P}\s]*(?![0-9])\p{Nd}[\p{Nd}\p{P}\s]*$/u, "a number in other than western digits"],
  [/^(?:true|false|[+-]?inf(?:inity)?)$/i, "no id"],
  [/^\w+\(['"].*['"]\)$|^b?'.*'$|^\[(?:'.*'|".*"|)\]$|^\{[^{}]*:.*\}$|^\{\}$/s, "what a program printed of it"],
  [/\p{Cc}/u, "broken: it has control characters"],
];

/** Numbers, GUIDs, and letters before digits, which show no damage: almost all ids. */
const isSound = /^(?:\\?\d+\\?|[A-Z]{2,4}\d[\dA-F]*|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;

/** What a spreadsheet, a printer or a program made of an id, in words; undefined when it shows no damage. */
export function damageOf(id: string): string | undefined {
  if (isSound.test(id)) return undefined;
  return damages.find(([pattern]) => pattern.test(id))?.[1];
}

/** What to do about damaged ids. */
export const idRemedy = "Export again with the column as text.";

/**
 * An object or a list that a table holds as text: JSON, what Python prints of a dict, or what PowerShell prints of a
 * nested object (`@{id=1; type=Automatic}`). Undefined for other text, also for JSON that was cut.
 */
export function objectOfCell(cell: string): unknown {
  // Cheap first look: few cells begin like that.
  if (!/^\s*[@{[]/.test(cell)) return undefined;
  const text = cell.trim();
  if (/^(?:@\{[^{}]*\}\s*)+$/s.test(text)) return powershellObjects(text);
  if (!/^[{[]/.test(text)) return undefined;
  return parseJson(text) ?? parseJson(jsonOfPython(text));
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
