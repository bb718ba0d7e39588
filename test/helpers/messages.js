import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

/**
 * Every text of two words or more in the sources that may reach a person, with the places where it stands; what is put
 * into a template is shown as `{…}`. The player's page and the sandbox speak for themselves.
 * @param {string} folder
 * @returns {Map<string, string[]>}
 */
export function messagesOf(folder) {
  const found = new Map();
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => name.endsWith(".ts") && !/^(player[/\\]page|sandbox)[/\\]/.test(name)).sort();
  for (const name of files) {
    const source = readFileSync(join(folder, name), "utf8");
    for (const { text, start } of textsIn(name, source)) {
      if (!isMessage(text)) continue;
      const line = source.slice(0, start).split("\n").length;
      found.set(text, [...(found.get(text) ?? []), `${name}:${line}`]);
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function textsIn(name, source) {
  const texts = [];
  new Visitor({
    Literal({ value, start }) {
      if (typeof value === "string") texts.push({ text: value, start });
    },
    TemplateLiteral({ quasis, start }) {
      texts.push({ text: quasis.map(({ value }) => value.cooked).join("{…}"), start });
    },
  }).visit(parseSync(name, source).program);
  return texts;
}

/** Two words with a blank between them, and neither a statement of SQL nor a name of a module. */
function isMessage(text) {
  return (
    /[A-Za-z{…}]{2,}[,:;.]? [A-Za-z{…("`-]/.test(text) &&
    !/\b(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|BEGIN|CASE|WHERE)\b/.test(text)
  );
}
