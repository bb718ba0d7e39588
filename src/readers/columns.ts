import { RecordingError } from "../core/errors.ts";
import { printable } from "../core/printable.ts";

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
  const wished = short.map((name, at) =>
    short.indexOf(name) === short.lastIndexOf(name) || /(^|\.)calls\.[^.]+$/.test(full[at] as string) ? name : full[at],
  );
  const names = wished.map((name, at) => (name === "" || wished.indexOf(name) !== at ? undefined : name));
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

function unknownColumn(field: string, column: string, columns: readonly string[], where: string): RecordingError {
  const shown = printable(columns.slice(0, 30).join(", ")).slice(0, 500);
  return new RecordingError("usage", `--map ${field}=${column}: ${where} has no column ${column}; it has ${shown}.`);
}

/** A cell without blanks around it; null for the ways tools write it: nothing, `NULL`, a lone zero byte. */
export function cellValue(cell: string): string | null {
  const text = cell.trim();
  return text === "" || text === "NULL" || text === "\0" ? null : text;
}
