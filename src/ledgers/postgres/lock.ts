import { openPostgresDatabase } from "../../platform/postgres.ts";
import { acquire, type HeldLock, type LockOptions } from "../lock-wait.ts";

/** The lock is the connection's: so often it is seen to that a connection which took another's place has it too. */
const againMs = 5_000;

/** So long a server may take to end a connection. */
const goodbyeMs = 2_000;

/** Tells our lock from those of other programs in the database. */
const archiveLock = 1_919_247_725;

/**
 * Takes the archive of the ledger in PostgreSQL until `release`: `shared` with other downloads on any machine, or alone. After
 * a restart of the database it is taken again, unless somebody was quicker: then claims and tombstones alone keep the two
 * apart. Throws `locked` when it cannot be had within `waitMs`.
 */
export async function lockDatabaseArchive(
  url: string,
  mode: "shared" | "alone",
  { password, ...options }: LockOptions & { readonly password?: string | undefined },
): Promise<HeldLock> {
  const database = await openPostgresDatabase(url, { flag: "--ledger", password, patienceMs: 0 });
  let again: NodeJS.Timeout | undefined;
  // Nobody has the lock any more once the server has ended the connection; one that is gone is not waited for.
  const close = async () => {
    clearInterval(again);
    const ended = new AbortController();
    const patience = options.clock.sleep(goodbyeMs, ended.signal).catch(() => {});
    await Promise.race([database[Symbol.asyncDispose](), patience]);
    ended.abort();
  };
  const take = mode === "shared" ? "pg_try_advisory_lock_shared" : "pg_try_advisory_lock";
  // A connection that has the lock takes it once more; all of it ends with the connection.
  const isTaken = async () => {
    const sql = `SELECT ${take}(${archiveLock}) AS taken`;
    const [row] = await database.transaction((statements) => statements.rows<{ taken: boolean }>(sql));
    return row?.taken === true;
  };
  const attempt = async () => ((await isTaken()) ? { release: close } : undefined);
  const others = mode === "shared" ? "adopt, purge or repair" : "another run";
  const message = `The archive of ${database.label} is in use by ${others}: wait for it to finish, for example with --lock-wait 10m.`;
  try {
    const lock = await acquire(attempt, () => message, options);
    let isAsking = false;
    again = setInterval(async () => {
      if (isAsking) return;
      isAsking = true;
      // A database that is away is asked again; the run meets that itself.
      await isTaken().catch(() => {});
      isAsking = false;
    }, againMs).unref();
    return lock;
  } catch (error) {
    await close();
    throw error;
  }
}
