import { RecordingError } from "../core/errors.ts";

/** What a text holds, as far as rows are concerned. */
export type Content = "nothing" | "json" | "table";

const foreign: readonly (readonly [RegExp, string])[] = [
  [/^PK\x03\x04/, "an Excel workbook or a zip file: save it as CSV UTF-8 first"],
  [/^\x1f‹/, "compressed with gzip: pipe it in with `gzip -dc FILE | callreel … --rows -`"],
  [/^SQLite format 3\0/, "a SQLite database: give it to --database as sqlite:FILE"],
  [/^(RIFF|%PDF|ID3|OggS)/, "not a text"],
  [/^\s*-\[ RECORD 1 \]/, "psql's expanded output: export with psql --csv"],
  [/^\s*\*{5,} 1\. row \*/, "mysql's vertical output: export with mysql --batch"],
  [/^\s*[┌╔╭┏│║┃]/, "a table drawn with lines: export CSV or JSON instead"],
  [/^\s*<(!doctype|html|\?xml|[a-z]+[\s>])/i, "HTML or XML, perhaps a login page: export CSV or JSON instead"],
];

/** Tells JSON from tables by the first characters: `[` and `{` also begin T-SQL names and GUIDs. */
export function tellContent(head: string, file: string): Content {
  for (const [pattern, what] of foreign) {
    if (pattern.test(head)) throw new RecordingError("bad-rows", `${file} holds no rows: it is ${what}.`);
  }
  const text = head.replace(/^[\s\x1e]+/, "");
  if (text === "") return "nothing";
  if (/^\{\s*["}]/.test(text) || /^\[\s*([{[\]"]|$)/.test(text) || text === "{") return "json";
  return "table";
}
