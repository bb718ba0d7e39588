import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type ErrorCode, RecordingError } from "../../core/model/errors.ts";
import type { Reader } from "../../core/model/ports.ts";
import { explainError } from "../../platform/database-errors.ts";
import { isBusy, openSqlite, type Sqlite } from "../../platform/sqlite.ts";
import type { DatabaseSettings } from "./connection.ts";
import { type DriverRow, openDatabaseReader, type Session } from "./session.ts";
import { sqliteDialect } from "./statement.ts";

const batchRows = 1024;

/** Rows of a SQLite file: `sqlite:relative/path` or `sqlite:///absolute/path`. Opened read-only. */
export function openSqliteRows(url: string, settings: DatabaseSettings): Reader {
  const path = pathOf(url);
  if (!existsSync(path)) throw new RecordingError("usage", `--database: there is no file ${path}.`);
  return openDatabaseReader(
    {
      dialect: sqliteDialect,
      label: path,
      connect: async () => openSession(path),
      explain: (error) => explainError(error, path, codeOf),
    },
    settings,
  );
}

function pathOf(url: string): string {
  const rest = url.slice(url.indexOf(":") + 1);
  if (!rest.startsWith("//")) return rest;
  try {
    return fileURLToPath(`file:${rest}`);
  } catch {
    throw new RecordingError("usage", "--database: write sqlite:///absolute/path or sqlite:relative/path.");
  }
}

function openSession(path: string): Session {
  const database = openSqlite(path, { readOnly: true });
  database.exec("PRAGMA busy_timeout = 5000");
  return {
    // One row of nulls shows the columns; older releases of node:sqlite cannot be asked for them.
    describe: async ({ sql }) => {
      const row = database.prepare(`SELECT described.* FROM (SELECT 1) LEFT JOIN (${sql}) AS described ON 1 = 1`).get();
      return Object.keys(row as object).map((name) => ({ name, kind: "untyped" as const }));
    },
    stream: ({ sql, values }, signal) => batches(database, sql, values, signal),
    close: async () => database.close(),
  };
}

async function* batches(
  database: Sqlite,
  sql: string,
  values: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<DriverRow[]> {
  const statement = database.prepare(sql);
  statement.setReadBigInts(true);
  let batch: DriverRow[] = [];
  for (const row of statement.iterate(...values)) {
    batch.push(row as DriverRow);
    if (batch.length < batchRows) continue;
    yield batch;
    signal.throwIfAborted();
    batch = [];
  }
  yield batch;
}

function codeOf(error: Error): ErrorCode | undefined {
  if (isBusy(error)) return "server-error";
  return /not a database|no such (table|column)|syntax error|incomplete input/.test(error.message)
    ? "usage"
    : undefined;
}
