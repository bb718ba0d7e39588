import type {
  Connection,
  ConnectionAuthentication,
  ConnectionConfiguration,
  Request,
  Connection as TediousConnection,
} from "tedious";
import { type ErrorCode, RecordingError } from "../../core/model/errors.ts";
import type { Reader } from "../../core/model/ports.ts";
import { type Address, loadDriver, parseAddress, type Tls, tlsOptions } from "../../platform/database-address.ts";
import { explainError } from "../../platform/database-errors.ts";
import type { DatabaseSettings } from "./connection.ts";
import { type DriverRow, openDatabaseReader, type Session } from "./session.ts";
import { type Column, mssqlDialect, type Statement } from "./statement.ts";

/** Rows of a SQL Server database. Unless the URL says otherwise the connection is encrypted and the certificate checked. */
export async function openMssql(url: string, settings: DatabaseSettings): Promise<Reader> {
  const address = parseAddress(url, settings, 1433);
  const tedious = await loadDriver(async () => (await import("tedious")).default, "SQL Server", "tedious");
  const tls = tlsOptions(address);

  const connect = async (signal: AbortSignal): Promise<Session> => {
    const connection = new tedious.Connection(configuration(address, tls, settings));
    const stop = () => connection.close();
    signal.addEventListener("abort", stop, { once: true });
    connection.on("error", () => {});
    const close = async () => {
      signal.removeEventListener("abort", stop);
      connection.close();
    };
    try {
      await connected(connection, tls !== false, signal);
    } catch (error) {
      await close();
      throw error;
    }
    return {
      describe: ({ sql }) => columnsOf(tedious, connection, sql),
      stream: (statement) => streamRows(tedious, connection, statement),
      close,
    };
  };
  const explain = (error: Error) => explainError(error, address.label, codeOf);
  return openDatabaseReader({ dialect: mssqlDialect, label: address.label, connect, explain }, settings);
}

function connected(connection: TediousConnection, encrypted: boolean, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    // tedious sends the password in the clear to a server that says it cannot encrypt, whatever it was told; only its
    // account of the first answer shows that in time.
    connection.on("debug", (text) => {
      if (!encrypted || !/PreLogin.*encryption:0x\w+\((OFF|NOT_SUP)\)/.test(text)) return;
      connection.close();
      reject(
        new RecordingError("tls", "The SQL Server offers no encryption; ?sslmode=disable in --database goes without."),
      );
    });
    connection.connect((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}

function configuration(
  address: Address,
  tls: Tls | false | undefined,
  settings: DatabaseSettings,
): ConnectionConfiguration {
  const instanceName = address.parameters.get("instance") ?? undefined;
  return {
    server: address.host,
    authentication: authentication(address),
    options: {
      appName: "callreel",
      connectTimeout: settings.connectTimeoutMs ?? 15_000,
      requestTimeout: 0,
      encrypt: tls !== false,
      debug: { payload: true, data: false, packet: false, token: false },
      trustServerCertificate: tls !== false && tls?.rejectUnauthorized === false,
      readOnlyIntent: true,
      // Times without a zone become Dates as if they were UTC, and are written back the same way.
      useUTC: true,
      ...(!tls || tls.ca === undefined ? {} : { cryptoCredentialsDetails: { ca: tls.ca } }),
      ...(address.database === undefined ? {} : { database: address.database }),
      ...(instanceName === undefined ? { port: address.port ?? 1433 } : { instanceName }),
    },
  };
}

/** `DOMAIN\user` logs in by NTLM, anything else as a SQL Server login. */
function authentication(address: Address): ConnectionAuthentication {
  const [domain, name] = (address.user ?? "").split("\\");
  const password = address.password ?? "";
  if (name === undefined) return { type: "default", options: { userName: domain ?? "", password } };
  return { type: "ntlm", options: { userName: name, password, domain: domain ?? "" } };
}

const codes: Readonly<Record<number, ErrorCode>> = {
  18456: "login-refused",
  18452: "login-refused",
  18470: "login-refused",
  18486: "login-refused",
  18487: "login-refused",
  18488: "login-refused",
  229: "permission-refused",
  230: "permission-refused",
  916: "permission-refused",
  4060: "usage",
  102: "usage",
  156: "usage",
  207: "usage",
  208: "usage",
  1205: "server-error",
  701: "server-error",
};

function codeOf(error: Error): ErrorCode | undefined {
  const { number, code } = error as { number?: number; code?: string };
  return codes[number ?? -1] ?? (code === "ELOGIN" ? "login-refused" : undefined);
}

type Tedious = typeof import("tedious");
interface Cell {
  readonly value: unknown;
  readonly metadata: { readonly colName: string; readonly type: { readonly name: string } };
}

const batchRows = 1000;

/** The columns of a statement's result. */
export async function columnsOf(tedious: Tedious, connection: Connection, sql: string): Promise<Column[]> {
  let columns: Column[] = [];
  await new Promise<void>((resolve, reject) => {
    const request = new tedious.Request(sql, (error) => (error ? reject(error) : resolve()));
    request.on("columnMetadata", (found) => {
      columns = (found as Cell["metadata"][]).map(({ colName, type }) => ({ name: colName, kind: kindOf(type.name) }));
    });
    connection.execSqlBatch(request);
  });
  return columns;
}

/** A statement's rows; the server is held back while they wait to be taken. */
export async function* streamRows(
  tedious: Tedious,
  connection: Connection,
  { sql, values }: Statement,
): AsyncGenerator<DriverRow[]> {
  let batch: DriverRow[] = [];
  let ended: { error: Error | null | undefined } | undefined;
  let wake = () => {};
  const request: Request = new tedious.Request(sql, (error) => {
    ended = { error };
    wake();
  });
  request.on("row", (cells: Cell[]) => {
    batch.push(rowOf(cells));
    if (batch.length < batchRows) return;
    request.pause();
    wake();
  });
  for (const [at, value] of values.entries()) request.addParameter(`p${at + 1}`, tedious.TYPES.NVarChar, value);
  if (values.length > 0) connection.execSql(request);
  else connection.execSqlBatch(request);

  while (ended === undefined || batch.length > 0) {
    if (ended === undefined && batch.length < batchRows) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const taken = batch;
    batch = [];
    yield taken;
    request.resume();
  }
  if (ended.error) throw ended.error;
}

function rowOf(cells: readonly Cell[]): DriverRow {
  const row: Record<string, unknown> = {};
  for (const { value, metadata } of cells) {
    if (Object.hasOwn(row, metadata.colName)) continue;
    row[metadata.colName] = value instanceof Date ? timeText(value, metadata.type.name) : value;
  }
  return row;
}

/** A time as SQL Server shows it: naive as it is stored, with all digits of datetime2. */
function timeText(time: Date & { nanosecondsDelta?: number }, type: string): string {
  const [day, clock] = time.toISOString().slice(0, -1).split("T") as [string, string];
  const more = time.nanosecondsDelta
    ? Math.round(time.nanosecondsDelta * 1e7)
        .toString()
        .padStart(4, "0")
    : "";
  if (type === "Date") return day;
  if (type === "Time") return clock + more;
  return `${day} ${clock}${more}${type === "DateTimeOffset" ? " +00:00" : ""}`;
}

function kindOf(type: string): Column["kind"] {
  if (/^(Small)?Date(Time)?(2|N|Offset)?$/.test(type)) return "time";
  if (/^(Tiny|Small|Big)?Int|^(Float|Real|Decimal|Numeric|Money|SmallMoney)/.test(type)) return "number";
  return /^N?(Var)?Char$/.test(type) ? "text" : "other";
}
