type Fields = Readonly<Record<string, unknown>>;

/** The columns of a row by plain name, however the table spells them. */
export interface Columns {
  /** The value of the first of these columns that has one; undefined where none has. */
  value(...names: readonly string[]): unknown;
  /** Whether one of these columns is there, with a value or without. */
  has(...names: readonly string[]): boolean;
  /** Whether the row ended before the first of these columns that its table has: nothing is known of it. */
  isCut(...names: readonly string[]): boolean;
  /** The plain names that fit, in the row's order. */
  matching(pattern: RegExp): string[];
}

/** `[dbo].[Calls].[Voice_FileName]` and `recording.contentUri` as `voicefilename` and `recordingcontenturi`. */
export function plainName(name: string): string {
  const plain = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
  return /^(?:calls?|records?)?(recording(?:id|uri|contenturi|type)|legs\d.*)$/.exec(plain)?.[1] ?? plain;
}

/** The columns of a row's fields. Where two have one plain name, the first counts. */
export function columnsOf(fields: Fields): Columns {
  const { byPlainName } = layoutOf(fields);
  return {
    value(...names) {
      for (const name of names) {
        const key = byPlainName.get(name);
        const value = key === undefined ? undefined : fields[key];
        if (value !== undefined && value !== null && !(typeof value === "string" && isNullWord(value))) return value;
      }
      return undefined;
    },
    has: (...names) => names.some((name) => byPlainName.has(name)),
    isCut(...names) {
      const name = names.find((each) => byPlainName.has(each));
      return name !== undefined && fields[byPlainName.get(name) as string] === undefined;
    },
    matching: (pattern) => [...byPlainName.keys()].filter((name) => pattern.test(name)),
  };
}

/** Whether a name with points is a path into an object, and no column with its table before it. */
function isNested(key: string): boolean {
  return !key.includes(".") || /(^|\.)(recording|legs|from|to|extension|delegate)[.[]/i.test(key);
}

interface Layout {
  readonly keys: readonly string[];
  readonly byPlainName: ReadonlyMap<string, string>;
}

/** The rows of a table share one layout: making it anew for each would cost more than all else about a row. */
let latest: Layout = { keys: [], byPlainName: new Map() };

function layoutOf(fields: Fields): Layout {
  const keys = Object.keys(fields);
  if (keys.length === latest.keys.length && keys.every((key, at) => key === latest.keys[at])) return latest;
  const byPlainName = new Map<string, string>();
  const learn = (name: string, key: string) => {
    if (name !== "" && !byPlainName.has(name)) byPlainName.set(name, key);
  };
  for (const key of keys) learn(plainName(key), key);
  for (const key of keys) if (!isNested(key)) learn(plainName(key.split(".").at(-1) as string), key);
  latest = { keys, byPlainName };
  return latest;
}

const words: ReadonlySet<string> = new Set([
  "",
  "\0",
  "null",
  "\\n",
  "\\0",
  "(null)",
  "[null]",
  "<null>",
  "{null}",
  "$null",
  "nullptr",
  "<na>",
  "#n/a",
  "#na",
  "#nv",
  "#n/d",
  "#n/v",
  "n/a",
  "n.a.",
  "na",
  "nan",
  "-nan",
  "nat",
  "<nat>",
  "pd.na",
  "none",
  "<none>",
  "(none)",
  "nil",
  "<nil>",
  "undefined",
  "dbnull",
  "dbnull.value",
  "system.dbnull",
  "blank",
  "(blank)",
  "empty",
  "(empty)",
  "<empty>",
  '""',
  "''",
  "-",
  "--",
  "\u2013",
  "\u2014",
]);

/** Whether a cell, without blanks around it, is one of the ways in which tools write that there is no value. */
export function isNullWord(text: string): boolean {
  return text.length <= 13 && words.has(text.toLowerCase());
}
