import { asRecordingError, RecordingError } from "../../core/model/errors.ts";
import type { Reader } from "../../core/model/ports.ts";
import type { Row, RowBatch } from "../../core/model/recording.ts";
import { cellValue, fieldNames } from "../cells.ts";
import type { DatabaseSettings } from "./connection.ts";
import type { SqlDialect } from "./statement.ts";
import { type Column, describingStatement, type Statement, tableStatement } from "./statement.ts";

/** A record as a driver gives it: column name → value. */
export type DriverRow = Readonly<Record<string, unknown>>;

/** An open connection. Its errors are the driver's own; `explain` says what they mean. */
export interface Session {
  describe(statement: Statement): Promise<readonly Column[]>;
  /** Streams; holds no more than a few thousand records at a time. */
  stream(statement: Statement, signal: AbortSignal): AsyncIterable<readonly DriverRow[]>;
  close(): Promise<void>;
}

/** What an adapter brings to the common work of reading a database. */
export interface Database {
  readonly dialect: SqlDialect;
  /** For messages and `Row.file`: without user and password. */
  readonly label: string;
  connect(signal: AbortSignal): Promise<Session>;
  /** The driver's error as one of ours. */
  explain(error: Error): RecordingError;
}

/** A reader over any database: connects when rows are asked for, and closes when they end or are no longer wanted. */
export function openDatabaseReader(database: Database, settings: DatabaseSettings): Reader {
  return {
    async *rows(signal) {
      signal.throwIfAborted();
      let session: Session | undefined;
      try {
        session = await database.connect(signal);
        yield* sessionRows(session, database, settings, signal);
      } catch (error) {
        if (signal.aborted) throw asRecordingError(signal.reason);
        throw error instanceof RecordingError || !(error instanceof Error) ? error : database.explain(error);
      } finally {
        await session?.close();
      }
    },
  };
}

async function* sessionRows(
  session: Session,
  database: Database,
  settings: DatabaseSettings,
  signal: AbortSignal,
): AsyncGenerator<RowBatch> {
  const statement = await statementOf(database, session, settings);
  let line = 0;
  let columns: readonly string[] | undefined;
  let names: (string | undefined)[] = [];
  for await (const records of session.stream(statement, signal)) {
    const first = records[0];
    if (first === undefined) continue;
    if (columns === undefined) {
      columns = Object.keys(first);
      names = fieldNames(columns, settings.map, database.label);
    }
    const rows: Row[] = [];
    for (const record of records) {
      rows.push({ fields: fieldsOf(record, columns, names), file: database.label, line: ++line });
    }
    yield { rows };
  }
}

async function statementOf(database: Database, session: Session, settings: DatabaseSettings): Promise<Statement> {
  if (settings.query !== undefined) return { sql: settings.query, values: [] };
  const columns = await session.describe(describingStatement(settings.table as string, database.dialect));
  return tableStatement(settings, columns, database.dialect);
}

function fieldsOf(
  record: DriverRow,
  columns: readonly string[],
  names: readonly (string | undefined)[],
): Record<string, string | null> {
  const fields: Record<string, string | null> = {};
  for (let at = 0; at < columns.length; at++) {
    const name = names[at];
    if (name !== undefined) fields[name] = textOf(record[columns[at] as string]);
  }
  return fields;
}

/** A value as text, as a CSV export would show it; the empty text is null too. */
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return cellValue(value);
  if (value instanceof Date) return naiveText(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex").toUpperCase() || null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Drivers are told to take naive times for UTC; this takes them back, unshifted. */
function naiveText(time: Date): string | null {
  if (Number.isNaN(time.getTime())) return null;
  return time.toISOString().replace("T", " ").replace("Z", "");
}

/** A stream of records as arrays of them. */
export async function* gathered<Record>(stream: AsyncIterable<Record>, size: number): AsyncGenerator<Record[]> {
  let batch: Record[] = [];
  for await (const record of stream) {
    batch.push(record);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
