import { headOf } from "../sqlite/chain.ts";
import type { Database } from "../sqlite/database.ts";
import {
  type CopiedTable,
  chainNames,
  copiedTables,
  type Row,
  rowsAtOnce,
  type TargetTables,
} from "./copied-tables.ts";

/** The tables of a ledger that is a SQLite file. */
export function fileTables(database: Database, label: string): TargetTables {
  const { sqlite, read, write } = database;
  return {
    label,
    columns: async (table) =>
      read(() => sqlite.prepare(`PRAGMA table_info(${table})`).all() as { name: string }[]).map(({ name }) => name),
    async *pages(table, columns) {
      if (table === "chains") return void (yield read(() => chainsOf(database)));
      const by = copiedTables[table];
      const names = columns.map((name) => readAs(table, name)).join(", ");
      const first = `SELECT ${names} FROM ${table}`;
      const order = `ORDER BY ${by} LIMIT ${rowsAtOnce}`;
      for (let last: Row | undefined; ; ) {
        const rows = read(() =>
          last === undefined
            ? sqlite.prepare(`${first} ${order}`).all()
            : sqlite.prepare(`${first} WHERE ${by} > ? ${order}`).all(last[by] as string | number),
        ) as Row[];
        if (rows.length > 0) yield rows;
        if (rows.length < rowsAtOnce) return;
        last = rows.at(-1);
      }
    },
    add: async (table, columns, rows) =>
      write(() => {
        const marks = columns.map((name) => (isHash(table, name) ? "unhex(?)" : "?")).join(", ");
        const insert = sqlite.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks})`);
        for (const row of rows) insert.run(...columns.map((name) => row[name] ?? null));
      }),
  };
}

/** Only a hash in `outcomes` is kept as bytes. */
function isHash(table: CopiedTable, column: string): boolean {
  return table === "outcomes" && column === "sha256";
}

function readAs(table: CopiedTable, column: string): string {
  return isHash(table, column) ? `CASE WHEN ${column} IS NOT NULL THEN lower(hex(${column})) END AS ${column}` : column;
}

/** Ledgers of before have no common head in their table. */
function chainsOf({ sqlite }: Database): Row[] {
  const rows = sqlite.prepare("SELECT name, entries, head FROM chains ORDER BY name").all() as Row[];
  const chains = rows.filter(({ name, entries }) => chainNames.some((each) => each === name) && Number(entries) > 0);
  const head = headOf(sqlite);
  if (head === "" || chains.some(({ name }) => name === "head")) return chains;
  const entries = chains.reduce((sum, { name, entries }) => (name === "outcomes" ? sum : sum + Number(entries)), 0);
  return [...chains, { name: "head", entries, head }].sort((one, other) =>
    String(one.name) < String(other.name) ? -1 : 1,
  );
}
