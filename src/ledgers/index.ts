import type { Archive, Ledger } from "../core/model/ledger.ts";
import type { Clock } from "../core/model/ports.ts";
import type { Operator } from "../platform/operator.ts";
import type { HeldLock } from "./lock-wait.ts";
import type { openPostgresBrowse, PostgresBrowse } from "./postgres/browse.ts";
import type { checkDatabase } from "./postgres/check.ts";
import type { lockDatabaseArchive } from "./postgres/lock.ts";

/** What a ledger must know of the program it works for. */
export interface LedgerContext {
  readonly clock: Clock;
  readonly pid: number;
  /** The program's version, for the run records. */
  readonly version?: string;
  /** Who works with the ledger, for its records. */
  readonly operator?: Operator;
  /** A run that has stood still for so long, by the clock of who looks, has lost its claims; two minutes unless told. */
  readonly leaseMs?: number;
  /** Of the database that the ledger is in; outranks one in its URL. */
  readonly password?: string | undefined;
  /** Opens only what is there and changes nothing in it. */
  readonly readOnly?: boolean;
}

export type { HeldLock } from "./lock-wait.ts";
export { lockArchive, lockLedger, lockWatch } from "./sqlite/lock.ts";
export { type Salvage, salvageLedger } from "./sqlite/rebuild.ts";

/** `memory`, or the path of a SQLite file that is made when it is not there. Throws `ledger` when it cannot be trusted. */
export async function openLedger(spec: string, context: LedgerContext): Promise<Ledger> {
  if (spec !== "memory") return openArchive(spec, context);
  const { openMemoryLedger } = await import("./memory.ts");
  return openMemoryLedger(context);
}

/** Whether a ledger is meant that is a PostgreSQL database. */
export function isDatabase(spec: string): boolean {
  return /^postgres(?:ql)?:/i.test(spec);
}

/** Takes the archive whose ledger is that database; loads the driver. */
export async function lockDatabase(...asked: Parameters<typeof lockDatabaseArchive>): Promise<HeldLock> {
  const { lockDatabaseArchive } = await import("./postgres/lock.ts");
  return lockDatabaseArchive(...asked);
}

/** The ledger in the file at `path`, or in the PostgreSQL database of that URL, with its catalogue. Throws `usage` when it is not there and `readOnly` is asked. */
export async function openArchive(path: string, context: LedgerContext): Promise<Archive> {
  if (isDatabase(path)) {
    const { openPostgresLedger } = await import("./postgres/postgres-ledger.ts");
    return openPostgresLedger(path, context);
  }
  const { openSqliteLedger } = await import("./sqlite/sqlite-ledger.ts");
  return openSqliteLedger(path, context);
}

/** The checks of `callreel doctor` on a ledger's database; loads the driver. */
export async function* checkLedgerDatabase(
  ...asked: Parameters<typeof checkDatabase>
): ReturnType<typeof checkDatabase> {
  const { checkDatabase } = await import("./postgres/check.ts");
  yield* checkDatabase(...asked);
}

/** A ledger in PostgreSQL as listeners look through it; loads the driver. */
export async function openDatabaseBrowse(...asked: Parameters<typeof openPostgresBrowse>): Promise<PostgresBrowse> {
  const { openPostgresBrowse } = await import("./postgres/browse.ts");
  return openPostgresBrowse(...asked);
}
