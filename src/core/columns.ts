type Fields = Readonly<Record<string, unknown>>;

/** The columns of a row by plain name, however the table spells them. */
export interface Columns {
  /** The value of the first of these columns that has one; undefined where none has. */
  value(...names: readonly string[]): unknown;
  /** Whether one of these columns is there, with a value or without. */
  has(...names: readonly string[]): boolean;
  /** Whether the row ended before the first of these columns that its table has: nothing is known of it. */
  isCut(...names: readonly string[]): boolean;
  /** The plain names that fit, in the row's order. A pattern that stays the same object is tried once for a table. */
  matching(pattern: RegExp): readonly string[];
}

/** `[dbo].[Calls].[Voice_FileName]` and `recording.contentUri` as `voicefilename` and `recordingcontenturi`. */
export function plainName(name: string): string {
  const plain = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
  return /^(?:calls?|records?)?(recording(?:id|uri|contenturi|type)|legs\d.*)$/.exec(plain)?.[1] ?? plain;
}

/** The columns of a row's fields. Where two have one plain name, the first counts. */
export function columnsOf(fields: Fields): Columns {
  return new FieldColumns(fields);
}

/** A class: an object with functions of its own for each row would cost more than all that is asked of it. */
class FieldColumns implements Columns {
  readonly #fields: Fields;
  readonly #layout: Layout;

  constructor(fields: Fields) {
    this.#fields = fields;
    this.#layout = layoutOf(fields);
  }

  value(...names: readonly string[]): unknown {
    const { byPlainName } = this.#layout;
    for (const name of names) {
      const key = byPlainName.get(name);
      const value = key === undefined ? undefined : this.#fields[key];
      if (value !== undefined && value !== null && !(typeof value === "string" && isNullWord(value))) return value;
    }
    return undefined;
  }

  has(...names: readonly string[]): boolean {
    const { byPlainName } = this.#layout;
    for (const name of names) if (byPlainName.has(name)) return true;
    return false;
  }

  isCut(...names: readonly string[]): boolean {
    const { byPlainName } = this.#layout;
    const name = names.find((each) => byPlainName.has(each));
    return name !== undefined && this.#fields[byPlainName.get(name) as string] === undefined;
  }

  matching(pattern: RegExp): readonly string[] {
    const { byPlainName, matching } = this.#layout;
    const known = matching.get(pattern);
    if (known !== undefined) return known;
    const found = [...byPlainName.keys()].filter((name) => pattern.test(name));
    matching.set(pattern, found);
    return found;
  }
}

/** Whether a name with points is a path into an object, and no column with its table before it. */
function isNested(key: string): boolean {
  return !key.includes(".") || /(^|\.)(recording|legs|from|to|extension|delegate)[.[]/i.test(key);
}

interface Layout {
  readonly keys: readonly string[];
  readonly byPlainName: ReadonlyMap<string, string>;
  readonly matching: WeakMap<RegExp, readonly string[]>;
}

/** The rows of a table share one layout: making it anew for each would cost more than all else about a row. */
let latest: Layout = { keys: [], byPlainName: new Map(), matching: new WeakMap() };
/** The fields that were asked for last: a row is asked several times in a row. */
let latestFields: Fields | undefined;

function layoutOf(fields: Fields): Layout {
  if (fields !== latestFields) latest = layoutOfKeys(Object.keys(fields));
  latestFields = fields;
  return latest;
}

function layoutOfKeys(keys: readonly string[]): Layout {
  if (keys.length === latest.keys.length && keys.every((key, at) => key === latest.keys[at])) return latest;
  const byPlainName = new Map<string, string>();
  const learn = (name: string, key: string) => {
    if (name !== "" && !byPlainName.has(name)) byPlainName.set(name, key);
  };
  for (const key of keys) learn(plainName(key), key);
  for (const key of keys) if (!isNested(key)) learn(plainName(key.split(".").at(-1) as string), key);
  return { keys, byPlainName, matching: new WeakMap() };
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

const longest = Math.max(...[...words].map(({ length }) => length));
/** How these words begin, in either case: numbers, which most short cells are, and most directions begin otherwise. */
const beginnings: ReadonlySet<number> = new Set(
  [...words].flatMap((word) => [word.charCodeAt(0), word.toUpperCase().charCodeAt(0)]),
);

/** Whether a cell, without blanks around it, is one of the ways in which tools write that there is no value. */
export function isNullWord(text: string): boolean {
  if (text.length > longest || (text !== "" && !beginnings.has(text.charCodeAt(0)))) return false;
  return words.has(text.toLowerCase());
}
