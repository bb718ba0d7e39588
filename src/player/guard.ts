import type { IncomingMessage } from "node:http";
import { isLoopback } from "../core/loopback.ts";

/** Where the player is reached: what a Host and an Origin header may say. */
export interface Place {
  readonly hosts: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
  /** Cookies travel over https only. */
  readonly secure: boolean;
  /** The address people use, where it was told. */
  readonly playerUrl: string | undefined;
}

/** The names of a player that listens at `host:port`, and those of the address people reach it under. */
export function placeOf(host: string, port: number, tls: boolean, playerUrl: string | undefined): Place {
  const scheme = tls ? "https:" : "http:";
  const hosts = new Set<string>();
  const origins = new Set<string>();
  const add = (name: string, protocol: string) => {
    const url = new URL(`${protocol}//${name}`);
    hosts.add(url.host);
    origins.add(url.origin);
  };
  for (const name of ["127.0.0.1", "localhost", "[::1]"]) add(`${name}:${port}`, scheme);
  if (!isAnyAddress(host)) add(`${bracketed(host)}:${port}`, scheme);
  if (playerUrl !== undefined) add(new URL(playerUrl).host, new URL(playerUrl).protocol);
  return { hosts, origins, playerUrl, secure: tls || (playerUrl?.startsWith("https:") ?? false) };
}

/** Whether the request names its host twice or by a whole URL: what stands before us may have read another one than we. */
export function isAmbiguous({ rawHeaders, url }: IncomingMessage): boolean {
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "host");
  return hosts.length > 1 || !url?.startsWith("/");
}

/** Why a request is turned away before anything else, or undefined: a page of another name or site must get nothing. */
export function foreignRequest({ headers, method }: IncomingMessage, { hosts, origins }: Place): string | undefined {
  if (headers.host === undefined || !hosts.has(headers.host.toLowerCase())) return "This is not the player's address.";
  const { origin } = headers;
  if (origin !== undefined && !origins.has(origin.toLowerCase())) return "Another site asked for this.";
  const navigates = headers["sec-fetch-mode"] === "navigate" && method === "GET";
  if (headers["sec-fetch-site"] === "cross-site" && !navigates) return "Another site asked for this.";
  return undefined;
}

export function isAnyAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::" || host === "[::]";
}

/** Whether an address can be reached from this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return isLoopback(bracketed(host));
}

/** An address as it stands in a URL. */
export function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
