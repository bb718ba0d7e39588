import type { ConnectionAuthentication, ConnectionConfiguration, Connection as TediousConnection } from "tedious";
import { type ErrorCode, RecordingError } from "../../core/errors.ts";
import type { Reader } from "../../core/ports.ts";
import { type Address, parseAddress, type Tls, tlsOptions } from "./address.ts";
import { mssqlDialect } from "./dialects.ts";
import { loadDriver } from "./driver.ts";
import { explainError } from "./explain.ts";
import { openDatabaseReader, type Session } from "./session.ts";
import type { DatabaseSettings } from "./settings.ts";
import { columnsOf, streamRows } from "./tds-rows.ts";

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
