import type { Postgres, Statements } from "../../platform/postgres.ts";

/** Statements on the ledger's tables, with the database's time when the transaction began (ms since 1970). */
export interface Tables extends Statements {
  readonly now: number;
}

/** The ledger's tables, one transaction at a time. */
export interface Store {
  read<T>(work: (tables: Tables) => Promise<T>): Promise<T>;
  write<T>(work: (tables: Tables) => Promise<T>): Promise<T>;
  /** As `write`, but a crash of the server within its next second may take it back; what is written afterwards is never without it. */
  writeUnsynced<T>(work: (tables: Tables) => Promise<T>): Promise<T>;
}

/** To compile a statement takes longer than any of ours runs. */
const settings = "SET LOCAL search_path = callreel; SET LOCAL jit = off";
const asks = "trunc(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now";
const usual = { settings, asks };
const unsynced = { settings: `${settings}; SET LOCAL synchronous_commit = off`, asks };

/** The time is the database's; only tests bring their own. */
export function openStore(database: Postgres, nowMs?: () => number): Store {
  const within =
    <T>(work: (tables: Tables) => Promise<T>) =>
    (sql: Statements, { now }: { readonly now?: unknown }) =>
      work({ ...sql, now: nowMs?.() ?? (now as number) });
  return {
    read: (work) => database.transaction(within(work), "read", usual),
    write: (work) => database.transaction(within(work), "write", usual),
    writeUnsynced: (work) => database.transaction(within(work), "write", unsynced),
  };
}

/** Puts `$1`, `$2` … in place of question marks, from `$first` on. */
export function numbered(sql: string, first = 1): string {
  let at = first;
  return sql.replaceAll("?", () => `$${at++}`);
}
