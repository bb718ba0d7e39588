import type { Tables } from "./store.ts";

/** Small named values that survive runs, as many as asked for at once. */
export async function keptValues(tables: Tables, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  const rows = await tables.rows<{ name: string; value: string }>(
    "SELECT name, value FROM kept WHERE name = ANY ($1::text[])",
    [names],
  );
  return new Map(rows.map(({ name, value }) => [name, value]));
}

export async function keep(tables: Tables, name: string, value: string): Promise<void> {
  await tables.change("INSERT INTO kept VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", [
    name,
    value,
  ]);
}

/** Keeps the value unless one is kept already; returns the one that is kept. */
export async function agree(tables: Tables, name: string, value: string): Promise<string> {
  // A row that another one has just written is seen by an update, and not by what is read at the statement's beginning.
  const [row] = await tables.rows<{ value: string }>(
    "INSERT INTO kept VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = kept.value RETURNING value",
    [name, value],
  );
  return row?.value ?? value;
}

export async function forget(tables: Tables, name: string): Promise<void> {
  await tables.change("DELETE FROM kept WHERE name = $1", [name]);
}
