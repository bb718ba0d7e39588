import { RecordingError } from "../core/errors.ts";

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
 * column has. `map` gives a field another column; it must exist.
 */
export function fieldNames(
  columns: readonly string[],
  map: Readonly<Record<string, string>> | undefined,
  where: string,
): (string | undefined)[] {
  const cleaned = columns.map(cleanName);
  const names: (string | undefined)[] = cleaned.map((name, at) =>
    name === "" || cleaned.indexOf(name) !== at ? undefined : name,
  );
  for (const [field, column] of Object.entries(map ?? {})) {
    const wanted = field.toLowerCase();
    const at = cleaned.indexOf(cleanName(column));
    if (at === -1 && cleaned.includes(wanted)) continue;
    if (at === -1) throw unknownColumn(field, column, cleaned, where);
    const replaced = names.indexOf(wanted);
    if (replaced !== -1) names[replaced] = undefined;
    names[at] = wanted;
  }
  return names;
}

function unknownColumn(field: string, column: string, columns: readonly string[], where: string): RecordingError {
  const shown = columns.slice(0, 30).join(", ");
  return new RecordingError("usage", `--map ${field}=${column}: ${where} has no column ${column}; it has ${shown}.`);
}

/** A cell without blanks around it; undefined for the ways tools write null: nothing, `NULL`, a lone zero byte. */
export function cellValue(cell: string): string | undefined {
  const text = cell.trim();
  return text === "" || text === "NULL" || text === "\0" ? undefined : text;
}
