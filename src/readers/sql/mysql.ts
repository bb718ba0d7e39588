import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { Connection, ConnectionOptions, FieldPacket } from "mysql2";
import type { ErrorCode } from "../../core/model/errors.ts";
import type { Reader } from "../../core/model/ports.ts";
import { type Address, loadDriver, parseAddress, tlsOptions } from "../../platform/database-address.ts";
import { explainError } from "../../platform/database-errors.ts";
import type { DatabaseSettings } from "./connection.ts";
import { type DriverRow, gathered, openDatabaseReader, type Session } from "./session.ts";
import type { Column } from "./statement.ts";
import { mysqlDialect } from "./statement.ts";

const batchRows = 1000;

/** Rows of a MySQL or MariaDB database, with times and long numbers as text, unshifted and exact. */
export async function openMysql(url: string, settings: DatabaseSettings): Promise<Reader> {
  const address = parseAddress(url, settings, 3306);
  const mysql = await loadDriver(() => import("mysql2"), "MySQL and MariaDB", "mysql2");
  const explain = (error: Error) => explainError(error, address.label, codeOf);
  const connect = async (signal: AbortSignal): Promise<Session> => {
    const connection = mysql.createConnection(connectionOptions(address, settings));
    const session = openSession(connection, signal);
    try {
      await session.ready;
      await answered(connection, "SET SESSION TRANSACTION READ ONLY");
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  };
  return openDatabaseReader({ dialect: mysqlDialect, label: address.label, connect, explain }, settings);
}

/**
 * mysql2 tells a broken connection to the connection only, never to the stream of rows that waits on it, and its own
 * `destroy` leaves the socket open until the server is done: both are put right here.
 */
function openSession(connection: Connection, signal: AbortSignal): Session & { readonly ready: Promise<void> } {
  let rows: Readable | undefined;
  const hangUp = () => (connection as unknown as { readonly stream: Socket }).stream.destroy();
  const stop = () => {
    hangUp();
    rows?.destroy(signal.reason);
  };
  signal.addEventListener("abort", stop, { once: true });
  connection.on("error", (error) => rows?.destroy(error));
  return {
    ready: new Promise((resolve, reject) => {
      connection.connect((error) => (error === null ? resolve() : reject(error)));
    }),
    describe: async ({ sql }) => (await answered(connection, sql)).map(columnOf),
    stream({ sql, values }) {
      rows = connection.execute(sql, [...values]).stream({ highWaterMark: batchRows });
      return gathered<DriverRow>(rows, batchRows);
    },
    async close() {
      signal.removeEventListener("abort", stop);
      connection.destroy();
      hangUp();
    },
  };
}

function answered(connection: Connection, sql: string): Promise<FieldPacket[]> {
  return new Promise((resolve, reject) => {
    connection.query(sql, (error, _rows, fields) => (error === null ? resolve(fields ?? []) : reject(error)));
  });
}

function connectionOptions(address: Address, settings: DatabaseSettings): ConnectionOptions {
  const ssl = tlsOptions(address);
  const socketPath = address.parameters.get("socketPath") ?? address.parameters.get("socket");
  return {
    host: address.host,
    port: address.port ?? 3306,
    connectTimeout: settings.connectTimeoutMs ?? 15_000,
    charset: "utf8mb4",
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    ...(address.user === undefined ? {} : { user: address.user }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(address.database === undefined ? {} : { database: address.database }),
    ...(socketPath === null ? {} : { socketPath }),
    ...(ssl === undefined || ssl === false ? {} : { ssl }),
  };
}

const kinds: Readonly<Record<number, Column["kind"]>> = {
  7: "time", // TIMESTAMP
  10: "time", // DATE
  12: "time", // DATETIME
  0: "number",
  1: "number",
  2: "number",
  3: "number",
  4: "number",
  5: "number",
  8: "number",
  9: "number",
  246: "number",
  252: "text",
  253: "text",
  254: "text",
};

const binaryCharset = 63;

function columnOf(field: FieldPacket): Column {
  const kind = kinds[field.columnType ?? field.type ?? -1] ?? "other";
  const isBytes = kind === "text" && (field as { characterSet?: number }).characterSet === binaryCharset;
  return { name: field.name, kind: isBytes ? "other" : kind };
}

const codes: Readonly<Record<number, ErrorCode>> = {
  1045: "login-refused",
  1698: "login-refused",
  1862: "login-refused",
  1044: "permission-refused",
  1142: "permission-refused",
  1143: "permission-refused",
  1227: "permission-refused",
  1046: "usage",
  1049: "usage",
  1054: "usage",
  1064: "usage",
  1146: "usage",
  1792: "usage",
  1040: "server-error",
  1203: "server-error",
  1205: "server-error",
  1213: "server-error",
  1317: "server-error",
};

function codeOf(error: Error): ErrorCode | undefined {
  return codes[(error as { errno?: number }).errno ?? -1];
}
