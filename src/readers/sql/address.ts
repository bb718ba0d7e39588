import { RecordingError } from "../../core/errors.ts";
import type { DatabaseSettings } from "./settings.ts";

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

/** TLS as Node's options; false = none, undefined = nothing was said. */
export function tlsOptions(
  address: Address,
  settings: DatabaseSettings,
): { ca?: string; rejectUnauthorized: boolean } | false | undefined {
  const mode = (address.parameters.get("sslmode") ?? address.parameters.get("ssl") ?? "").toLowerCase();
  if (/^(disable|false|0)$/.test(mode)) return false;
  if (mode === "" && settings.ca === undefined && !settings.insecure) return undefined;
  return {
    rejectUnauthorized: !settings.insecure && mode !== "no-verify",
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
  };
}
