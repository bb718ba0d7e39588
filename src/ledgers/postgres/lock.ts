import { openPostgresDatabase } from "../../platform/postgres.ts";
import { acquire, type LockOptions } from "../archive-lock.ts";

/** Tells our lock from those of other programs in the database. */
const archiveLock = 1_919_247_725;

/**
 * Takes the archive of the ledger in PostgreSQL until `release` or the end of the connection: `shared` with other downloads
 * on any machine, or alone. Throws `locked` when it cannot be had within `waitMs`.
 */
export async function lockDatabaseArchive(
  url: string,
  mode: "shared" | "alone",
  { password, ...options }: LockOptions & { readonly password?: string | undefined },
): Promise<{ release(): void }> {
  const database = await openPostgresDatabase(url, { flag: "--ledger", ...(password !== undefined && { password }) });
  const close = () => void database[Symbol.asyncDispose]();
  const take = mode === "shared" ? "pg_try_advisory_lock_shared" : "pg_try_advisory_lock";
  const attempt = async () => {
    const sql = `SELECT ${take}(${archiveLock}) AS taken`;
    const [row] = await database.transaction((statements) => statements.rows<{ taken: boolean }>(sql));
    return row?.taken ? { release: close } : undefined;
  };
  const others = mode === "shared" ? "adopt, purge or repair" : "another run";
  const message = `The archive of ${database.label} is in use by ${others}: wait for it to finish, for example with --lock-wait 10m.`;
  try {
    return await acquire(attempt, () => message, options);
  } catch (error) {
    close();
    throw error;
  }
}
