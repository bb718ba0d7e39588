import { existsSync, renameSync, rmSync } from "node:fs";
import { RecordingError } from "../../core/model/errors.ts";
import { openPostgresDatabase, type Postgres } from "../../platform/postgres.ts";
import { emptyLog } from "../../platform/sqlite.ts";
import { migrate, migrateWithin } from "../postgres/schema.ts";
import { type Database, fileError, openDatabase } from "../sqlite/database.ts";
import { type Copied, copyTables } from "./copied-tables.ts";
import { databaseTables, holdTables, mustKnowNothing, mustRest, settleNumbers } from "./database-tables.ts";
import { fileTables } from "./file-tables.ts";

export type { Copied } from "./copied-tables.ts";

/** A ledger in PostgreSQL, for copies. */
export interface DatabasePlace {
  readonly url: string;
  readonly password: string | undefined;
}

type Tick = (rows: number) => void;

/**
 * Copies the ledger file at `file`, which the caller holds alone, into a database that has none. All is one transaction:
 * broken off anywhere, the database is as it was before.
 */
export async function copyToDatabase(file: string, place: DatabasePlace, tick: Tick): Promise<Copied> {
  const source = openToCopy(file);
  try {
    await using database = await open(place);
    return await database.transaction(async (sql) => {
      await migrateWithin(sql, database.label);
      await holdTables(sql, "EXCLUSIVE");
      await mustKnowNothing(sql, database.label);
      const copied = await copyTables(fileTables(source, file), databaseTables(sql, database.label), tick);
      await settleNumbers(sql);
      return copied;
    });
  } finally {
    source.close();
  }
}

/**
 * Copies the ledger in a database into a new file at `file`, whose place the caller holds alone. The file has its name
 * only once all is in it and was read back: broken off anywhere, there is none.
 */
export async function copyToFile(place: DatabasePlace, file: string, tick: Tick): Promise<Copied> {
  mustBeFree(file);
  const making = `${file}.copying`;
  await using database = await open(place);
  await migrate(database, true);
  const remove = () => {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(making + suffix, { force: true });
  };
  try {
    const copied = await database.transaction(async (sql) => {
      remove();
      await sql.change("SET LOCAL search_path = callreel");
      await holdTables(sql, "SHARE");
      await mustRest(sql, database.label);
      return filled(making, (target) =>
        copyTables(databaseTables(sql, database.label), fileTables(target, file), tick),
      );
    });
    mustBeFree(file);
    renameSync(making, file);
    return copied;
  } catch (error) {
    throw fileError(error, file);
  } finally {
    remove();
  }
}

/** Throws `usage` where a ledger is, or the log of one, which would spoil another that is put beside it. */
export function mustBeFree(file: string): void {
  const found = ["", "-wal", "-journal"].map((suffix) => file + suffix).find((path) => existsSync(path));
  if (found === undefined) return;
  throw new RecordingError(
    "usage",
    `There is a ledger already (${found}): move it away first, or copy into another folder.`,
  );
}

async function filled<T>(path: string, fill: (target: Database) => Promise<T>): Promise<T> {
  const target = openDatabase(path, false);
  try {
    const result = await fill(target);
    target.read(() => emptyLog(target.sqlite, path));
    return result;
  } finally {
    target.close();
  }
}

/** One of an older callreel is brought up to date first. */
function openToCopy(file: string): Database {
  try {
    return openDatabase(file, true);
  } catch (error) {
    if (!(error instanceof RecordingError) || error.code !== "ledger") throw error;
    return openDatabase(file, false);
  }
}

function open({ url, password }: DatabasePlace): Promise<Postgres> {
  return openPostgresDatabase(url, { flag: "ledger copy", password });
}
