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

export async function forget(tables: Tables, name: string): Promise<void> {
  await tables.change("DELETE FROM kept WHERE name = $1", [name]);
}
