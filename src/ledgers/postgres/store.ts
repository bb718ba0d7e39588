import type { Postgres, Statements } from "../../platform/postgres.ts";

/** Statements on the ledger's tables, with the database's time when the transaction began (ms since 1970). */
export interface Tables extends Statements {
  readonly now: number;
}

/** The ledger's tables, one transaction at a time. */
export interface Store {
  read<T>(work: (tables: Tables) => Promise<T>): Promise<T>;
  write<T>(work: (tables: Tables) => Promise<T>): Promise<T>;
}

/** To compile a statement takes longer than any of ours runs. */
const settings = "SET LOCAL search_path = callreel; SET LOCAL jit = off";

/** The time is the database's; only tests bring their own. */
export function openStore(database: Postgres, nowMs?: () => number): Store {
  const within =
    <T>(work: (tables: Tables) => Promise<T>) =>
    async (sql: Statements) => {
      await sql.change(settings);
      const [row] = await sql.rows<{ now: number }>(
        "SELECT trunc(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now",
      );
      return work({ ...sql, now: nowMs?.() ?? row!.now });
    };
  return {
    read: (work) => database.transaction(within(work), "read"),
    write: (work) => database.transaction(within(work)),
  };
}

/** Puts `$1`, `$2` … in place of question marks, from `$first` on. */
export function numbered(sql: string, first = 1): string {
  let at = first;
  return sql.replaceAll("?", () => `$${at++}`);
}
