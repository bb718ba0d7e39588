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
