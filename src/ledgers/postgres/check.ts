import type { RecordingError } from "../../core/model/errors.ts";
import type { Check } from "../../core/model/ports.ts";
import { formatDuration } from "../../core/text.ts";
import { openPostgresDatabase, type Statements } from "../../platform/postgres.ts";
import { migrations, versionOf } from "./schema.ts";
import { searchIndexRemedy, searchIndexSql } from "./search-tables.ts";

/** What a check of the ledger's database needs of the program. */
export interface CheckContext {
  readonly password?: string | undefined;
  readonly nowMs: () => number;
  readonly exitCodeOf: (error: RecordingError) => number;
}

/** Clocks that are further apart than that are told. */
const mostApartMs = 5_000;

/** The checks of `callreel doctor` on the database that holds the ledger; changes nothing in it. */
export async function* checkDatabase(url: string, { password, nowMs, exitCodeOf }: CheckContext): AsyncIterable<Check> {
  await using database = await openPostgresDatabase(url, { flag: "--ledger", password });
  const looks = [
    (sql: Statements) => checkTables(sql, database.label),
    checkRights,
    checkSearch,
    (sql: Statements) => checkClock(sql, nowMs),
  ];
  for (const look of looks) {
    try {
      yield await database.transaction(look, "read");
    } catch (thrown) {
      const error = thrown as RecordingError;
      yield { name: "ledger", status: "failed", message: error.message, exitCode: exitCodeOf(error) };
      return;
    }
  }
}

async function checkTables(sql: Statements, label: string): Promise<Check> {
  const [server] = await sql.rows<{ number: string }>("SELECT current_setting('server_version') AS number");
  const version = await versionOf(sql);
  const where = `${label}, PostgreSQL ${server!.number.split(" ")[0]}`;
  if (version > migrations.length) {
    const message = `${where}: its ledger is from a newer callreel (version ${version}, this one knows ${migrations.length})`;
    return { name: "ledger", status: "failed", message, remedy: "update callreel on this machine", exitCode: 13 };
  }
  const state =
    version === 0
      ? "no ledger yet, the first download makes it"
      : version < migrations.length
        ? "its ledger is of an older callreel, and the next download brings it up to date"
        : "its ledger is up to date";
  return { name: "ledger", status: "ok", message: `${where}: ${state}` };
}

async function checkRights(sql: Statements): Promise<Check> {
  const name = "ledger rights";
  const [server] = await sql.rows<{ replica: boolean; reading: string }>(
    "SELECT pg_is_in_recovery() AS replica, current_setting('default_transaction_read_only') AS reading",
  );
  const [right] = await sql.rows<{ makes: boolean; user: string; lacking: string | null }>(
    `SELECT has_database_privilege(current_database(), 'CREATE') AS makes, current_user::text AS user,
       (SELECT min(relname) FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
        WHERE nspname = 'callreel' AND relkind = 'r' AND (NOT has_schema_privilege(n.oid, 'USAGE')
          OR NOT has_table_privilege(pg_class.oid, 'SELECT') OR NOT has_table_privilege(pg_class.oid, 'INSERT')
          OR NOT has_table_privilege(pg_class.oid, 'UPDATE') OR NOT has_table_privilege(pg_class.oid, 'DELETE'))) AS lacking`,
  );
  const { makes, user, lacking } = right!;
  const failed = { name, status: "failed", exitCode: 7 } as const;
  if (server!.replica) {
    const message = "the server is a read-only replica: downloads cannot record anything";
    return { ...failed, message, remedy: "name the primary server", exitCode: 2 };
  }
  if (server!.reading === "on") {
    const message = `${user} may only read: downloads cannot record anything`;
    return { ...failed, message, remedy: `ALTER ROLE ${user} RESET default_transaction_read_only`, exitCode: 2 };
  }
  if (lacking !== null) {
    const remedy = `GRANT USAGE ON SCHEMA callreel TO ${user}; GRANT ALL ON ALL TABLES IN SCHEMA callreel TO ${user}`;
    return { ...failed, message: `${user} may not read and write callreel.${lacking}`, remedy };
  }
  if (makes || (await versionOf(sql)) > 0) return { name, status: "ok", message: `${user} may read and write` };
  const remedy = `GRANT CREATE ON DATABASE … TO ${user}`;
  return { ...failed, message: `${user} may not make the schema callreel`, remedy };
}

async function checkSearch(sql: Statements): Promise<Check> {
  const name = "ledger search";
  if ((await versionOf(sql)) < migrations.length) return { name, status: "skipped", message: "there is no ledger yet" };
  const [row] = await sql.rows<{ found: boolean }>(searchIndexSql);
  if (row!.found) return { name, status: "ok", message: "the player searches by a trigram index" };
  const message = "there is no trigram index: the player's searches read recordings one by one";
  return { name, status: "warning", message, remedy: searchIndexRemedy };
}

/** Claims go by the database's clock, records by this machine's. */
async function checkClock(sql: Statements, nowMs: () => number): Promise<Check> {
  const asked = nowMs();
  const [row] = await sql.rows<{ now: number }>("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now");
  const apart = (asked + nowMs()) / 2 - row!.now;
  const name = "ledger clock";
  if (Math.abs(apart) <= mostApartMs) return { name, status: "ok", message: "agrees with this machine's" };
  const message = `this machine is ${formatDuration(Math.abs(apart))} ${apart > 0 ? "ahead of" : "behind"} the database: its runs are recorded at wrong times, its claims hold all the same`;
  return { name, status: "warning", message, remedy: "set both clocks: timedatectl set-ntp true" };
}
