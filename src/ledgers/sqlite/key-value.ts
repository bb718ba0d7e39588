import type { Database } from "./database.ts";

/** Small named values that survive runs. */
export interface KeyValue {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  /** Keeps the value unless one is kept already; returns the one that is kept. */
  agree(name: string, value: string): string;
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
    agree: (name, value) => {
      sqlite.prepare("INSERT INTO kept VALUES (?, ?) ON CONFLICT DO NOTHING").run(name, value);
      return (find.get(name) as { value: string }).value;
    },
    remove: (name) => {
      sqlite.prepare("DELETE FROM kept WHERE name = ?").run(name);
    },
  };
}
