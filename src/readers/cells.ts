import { isNullWord } from "../core/columns.ts";
import { RecordingError } from "../core/model/errors.ts";
import { printable } from "../core/text.ts";

const prefix = /^(?:(?:\[[^\]]*\]|"[^"]*"|`[^`]*`|[\w$#@]+)\.)+(?=\S)/;
const quoted = /^(?:\[(.*)\]|"(.*)"|`(.*)`)$/;

/** A column name as it is matched: lower-case, without blanks around it, table prefix, brackets and quotes. */
export function cleanName(name: string): string {
  const bare = name.trim().replace(prefix, "");
  const inner = quoted.exec(bare);
  return (inner?.[1] ?? inner?.[2] ?? inner?.[3] ?? bare).trim().toLowerCase();
}

/**
 * The field name of each column, or undefined where a column is not handed out: it has no name, or one that an earlier
 * column has. A table prefix stays where names would clash without it (`from.name`, `to.name`), save that of `calls`.
 * `map` gives a field another column; one of the two must be there.
 */
export function fieldNames(
  columns: readonly string[],
  map: Readonly<Record<string, string>> | undefined,
  where: string,
): (string | undefined)[] {
  const short = columns.map(cleanName);
  const full = columns.map((name) =>
    name
      .trim()
      .toLowerCase()
      .replace(/[[\]"`]/g, ""),
  );
  const times = countOf(short);
  const wished = short.map((name, at) => {
    const long = full[at] as string;
    const isPlain = times.get(name) === 1 && !isPath.test(long);
    return isPlain || /(^|\.)calls\.[^.]+$/.test(long) ? name : long;
  });
  const taken = new Set<string>();
  const names = wished.map((name) => (name === "" || taken.has(name) || !taken.add(name) ? undefined : name));
  for (const [field, column] of Object.entries(map ?? {})) {
    const wanted = field.toLowerCase();
    const exact = full.indexOf(column.trim().toLowerCase());
    const at = exact === -1 ? short.indexOf(cleanName(column)) : exact;
    if (at === -1 && short.includes(wanted)) continue;
    if (at === -1) throw unknownColumn(field, column, short, where);
    const replaced = names.indexOf(wanted);
    if (replaced !== -1) names[replaced] = undefined;
    names[at] = wanted;
  }
  return names;
}

/** `recording.id` is no column of a table `recording`, but a path into a call's nested objects. */
const isPath = /(^|\.)(recording\.(id|uri|contenturi|type)|(from|to)\.[^.]+|legs\..+)$/;

function countOf(names: readonly string[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  return times;
}

function unknownColumn(field: string, column: string, columns: readonly string[], where: string): RecordingError {
  const shown = printable(columns.slice(0, 30).join(", ")).slice(0, 500);
  return new RecordingError("usage", `--map ${field}=${column}: ${where} has no column ${column}; it has ${shown}.`);
}

/**
 * A cell without blanks around it and without what a spreadsheet wraps around text (`="…"`, and the apostrophe before
 * what would else be a formula); null for the ways in which tools write it.
 */
export function cellValue(cell: string): string | null {
  const text = cell.trim();
  const plain = marked.test(text) ? unwrapped(text) : text;
  return isNullWord(plain) ? null : plain;
}

const marked = /^(?:=\s*"|['\u2018\u2019][-+=@\t\r\d])/;

function unwrapped(text: string): string {
  const formula = /^=\s*"(.*)"$/s.exec(text)?.[1];
  if (formula !== undefined) return formula.replaceAll('""', '"').trim();
  return text.replace(/^['\u2018\u2019](.*?)['\u2018\u2019]?$/s, "$1").trim();
}
