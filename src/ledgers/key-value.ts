import type { Database } from "./database.ts";

/** Small named values that survive runs. */
export interface KeyValue {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  remove(name: string): void;
}

export function openKeyValue({ sqlite }: Database): KeyValue {
  const find = sqlite.prepare("SELECT value FROM kept WHERE name = ?");
  return {
    get: (name) => (find.get(name) as { value: string } | undefined)?.value,
    set: (name, value) => {
      const put = "INSERT INTO kept VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value";
      sqlite.prepare(put).run(name, value);
    },
    remove: (name) => {
      sqlite.prepare("DELETE FROM kept WHERE name = ?").run(name);
    },
  };
}
