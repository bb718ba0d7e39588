import { RecordingError } from "../../core/model/errors.ts";
import { printable } from "../../core/text.ts";
import type { Statements } from "../../platform/postgres.ts";
import { chainNames, copiedTables, type Row, rowsAtOnce, type TargetTables, tableNames } from "./copied-tables.ts";

/** The tables of a ledger in PostgreSQL, within a transaction that has found them (`search_path`). */
export function databaseTables(sql: Statements, label: string): TargetTables {
  return {
    label,
    async columns(table) {
      const rows = await sql.rows<{ name: string }>(
        `SELECT attname::text AS name FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped`,
      );
      return rows.map(({ name }) => name);
    },
    async *pages(table, columns) {
      const by = copiedTables[table];
      const place = ["seq", "recording"].includes(by) ? by : `${by} COLLATE "C"`;
      const only = table === "chains" ? `name IN (${chainNames.map((name) => `'${name}'`)}) AND entries > 0` : "true";
      for (let last: Row | undefined; ; ) {
        const onward = last === undefined ? "" : `AND ${place} > $1`;
        const rows: Row[] = await sql.rows<Row>(
          `SELECT ${columns.join(", ")} FROM ${table} WHERE ${only} ${onward} ORDER BY ${place} LIMIT ${rowsAtOnce}`,
          last === undefined ? [] : [last[by]],
        );
        if (rows.length > 0) yield rows;
        if (rows.length < rowsAtOnce) return;
        last = rows.at(-1);
      }
    },
    async add(table, columns, rows) {
      const names = columns.join(", ");
      // Every chain has its row from the beginning.
      const known =
        table === "chains" ? "ON CONFLICT (name) DO UPDATE SET entries = excluded.entries, head = excluded.head" : "";
      await sql.change(
        `INSERT INTO ${table} (${names}) SELECT ${names} FROM json_populate_recordset(NULL::${table}, $1::json) ${known}`,
        [JSON.stringify(rows)],
      );
    },
  };
}

/** Holds all tables against everybody else until the end of the transaction: to read them, or to fill them. */
export async function holdTables(sql: Statements, mode: "SHARE" | "EXCLUSIVE"): Promise<void> {
  await sql.change(`LOCK TABLE ${tableNames.join(", ")} IN ${mode} MODE`);
}

/** Throws `locked` while a run works with the ledger, such as a fetch of a player. */
export async function mustRest(sql: Statements, label: string): Promise<void> {
  const now = "trunc(extract(epoch FROM clock_timestamp()) * 1000)";
  const [row] = await sql.rows<{ host: string }>(`SELECT host FROM leases WHERE until > ${now} LIMIT 1`);
  if (row === undefined) return;
  const message = `A run on ${printable(row.host)} works with the ledger ${label}, or ended without a word less than a minute ago: try again later.`;
  throw new RecordingError("locked", message);
}

/** Throws `usage` where the ledger knows anything already. */
export async function mustKnowNothing(sql: Statements, label: string): Promise<void> {
  for (const table of tableNames.filter((name) => name !== "chains")) {
    const [row] = await sql.rows<{ found: boolean }>(`SELECT EXISTS (SELECT 1 FROM ${table}) AS found`);
    if (row?.found)
      throw new RecordingError("usage", `There is a ledger in ${label} already: copy into another database.`);
  }
}

/** What PostgreSQL counts up goes on behind what was copied. */
export async function settleNumbers(sql: Statements): Promise<void> {
  for (const table of ["recordings", "holds"]) {
    await sql.rows(
      `SELECT setval(pg_get_serial_sequence('${table}', 'seq'), max(seq)) FROM ${table} HAVING max(seq) > 0`,
    );
  }
  await sql.change(
    "UPDATE chains SET entries = (SELECT coalesce(max(seq), 0) FROM outcomes) WHERE name = 'outcome log'",
  );
}
