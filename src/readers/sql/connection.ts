import { readFileSync } from "node:fs";
import { RecordingError } from "../../core/model/errors.ts";
import type { Selection } from "../../core/model/ports.ts";

/** Where a database is and who asks, taken from its URL. */
export interface Address {
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly parameters: URLSearchParams;
  /** `scheme://host:port/database`, fit to be shown. */
  readonly label: string;
}

/** Takes a database URL apart; the text of a URL that cannot be read is not repeated, for it may hold a password. */
export function parseAddress(url: string, settings: DatabaseSettings, defaultPort: number): Address {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined) {
    throw new RecordingError(
      "usage",
      "--database is not a URL such as postgres://user@host:5432/database; special characters in user or password are written as %40 and so on.",
    );
  }
  const host = unescaped(parsed.hostname.replace(/^\[|\]$/g, "")) || "localhost";
  const database = unescaped(parsed.pathname.slice(1)) || undefined;
  return {
    host,
    port: parsed.port === "" ? undefined : Number(parsed.port),
    user: unescaped(parsed.username) || undefined,
    password: settings.password ?? (unescaped(parsed.password) || undefined),
    database,
    parameters: parsed.searchParams,
    label: `${parsed.protocol}//${parsed.hostname || "localhost"}:${parsed.port || defaultPort}/${database ?? ""}`,
  };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RecordingError("usage", "--database: a % in user, password or database is written as %25.");
  }
}

/** How the connection is to be made safe, as Node's TLS options. */
export interface Tls {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
}

/**
 * What the URL says of TLS, in PostgreSQL's words: `sslmode=disable`, `require` (which checks the certificate, as
 * `verify-full` does), `no-verify`, and `sslrootcert=FILE` for a private authority. False = none, undefined = not a word.
 */
export function tlsOptions({ parameters }: Address): Tls | false | undefined {
  const mode = (parameters.get("sslmode") ?? parameters.get("ssl") ?? parameters.get("encrypt") ?? "").toLowerCase();
  const file = parameters.get("sslrootcert");
  if (/^(disable|false|no|0)$/.test(mode)) return false;
  if (parameters.get("trustServerCertificate")?.toLowerCase() === "true") return { rejectUnauthorized: false };
  if (mode === "" && file === null) return undefined;
  return { rejectUnauthorized: mode !== "no-verify", ...(file === null ? {} : { ca: authority(file) }) };
}

function authority(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new RecordingError("usage", `--database: sslrootcert=${file} cannot be read.`);
  }
}

/** Which rows of a database are meant, and how to get in. Exactly one of `table` and `query` is set. */
export interface DatabaseSettings {
  /** `calls`, `dbo.calls`: quoted part by part. */
  readonly table?: string;
  /** One SELECT, sent as it is. */
  readonly query?: string;
  /** The columns to read of `table`; all of them unless told. */
  readonly columns?: readonly string[];
  /** Field name → the name of the column that holds it. */
  readonly map?: Readonly<Record<string, string>>;
  /**
   * Put into the SELECT on `table` as parameters where the columns are known or mapped; not used with `query`. It narrows
   * generously (a day more on both sides, rows it cannot judge), so the exact choice stays with the caller.
   */
  readonly selection?: Selection;
  /** At most this many rows. Only with `table`. */
  readonly limit?: number;
  /** Outranks a password in the URL. */
  readonly password?: string;
  /** Longest wait for the connection; 15 s unless told. */
  readonly connectTimeoutMs?: number;
}

/** Loads an optional package; when it is not installed, says how to install it. */
export async function loadDriver<Module>(
  load: () => Promise<Module>,
  database: string,
  packages: string,
): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new RecordingError(
      "usage",
      `The driver for ${database} is not installed. Install it where callreel is installed: npm install ${packages} (with -g if callreel was installed with -g).`,
      { cause: error },
    );
  }
}
