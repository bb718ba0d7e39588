import type { ClientConfig } from "pg";
import type { ErrorCode } from "../core/model/errors.ts";
import { type Address, tlsOptions } from "./database-address.ts";

/** How `pg` is to connect: address, password, TLS and patience (15 s unless told). */
export function clientConfig(address: Address, connectTimeoutMs = 15_000): ClientConfig {
  const ssl = tlsOptions(address);
  return {
    // A socket's folder cannot stand in the URL's place for hosts.
    host: address.parameters.get("host") ?? address.host,
    application_name: "callreel",
    connectionTimeoutMillis: connectTimeoutMs,
    ...(address.port === undefined ? {} : { port: address.port }),
    ...(address.user === undefined ? {} : { user: address.user }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(address.database === undefined ? {} : { database: address.database }),
    ...(ssl === undefined ? {} : { ssl }),
  };
}

/** What an error of PostgreSQL means, by its SQLSTATE; undefined where it says nothing that we know. */
export function codeOf(error: Error): ErrorCode | undefined {
  const state = (error as { code?: string }).code ?? "";
  if (/^28/.test(state) || /password must be a string|no password/i.test(error.message)) return "login-refused";
  if (state === "42501") return "permission-refused";
  if (/^(3D000|3F000|42...|25006)$/.test(state)) return "usage";
  if (/^(40...|53...|57...|55P03)$/.test(state)) return "server-error";
  // 25P03: the server ended a connection that stood still within a transaction.
  return /^(08...|25P03)$/.test(state) ? "reset" : undefined;
}
