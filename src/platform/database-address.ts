import { readFileSync } from "node:fs";
import { RecordingError } from "../core/model/errors.ts";

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

/** What stands beside a database's URL. */
export interface AddressSettings {
  /** Outranks a password in the URL. */
  readonly password?: string | undefined;
  /** The flag that the URL was given with, for messages; `--database` unless told. */
  readonly flag?: string;
}

/** Takes a database URL apart; the text of a URL that cannot be read is not repeated, for it may hold a password. */
export function parseAddress(url: string, settings: AddressSettings, defaultPort: number): Address {
  const { flag = "--database" } = settings;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined) {
    throw new RecordingError(
      "usage",
      `${flag} is not a URL such as postgres://user@host:5432/database; special characters in user or password are written as %40 and so on.`,
    );
  }
  const host = unescaped(flag, parsed.hostname.replace(/^\[|\]$/g, "")) || "localhost";
  const database = unescaped(flag, parsed.pathname.slice(1)) || undefined;
  return {
    host,
    port: parsed.port === "" ? undefined : Number(parsed.port),
    user: unescaped(flag, parsed.username) || undefined,
    password: settings.password ?? (unescaped(flag, parsed.password) || undefined),
    database,
    parameters: parsed.searchParams,
    label: `${parsed.protocol}//${parsed.hostname || "localhost"}:${parsed.port || defaultPort}/${database ?? ""}`,
  };
}

function unescaped(flag: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RecordingError("usage", `${flag}: a % in user, password or database is written as %25.`);
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
    throw new RecordingError("usage", `The database URL names sslrootcert=${file}, which cannot be read.`);
  }
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
