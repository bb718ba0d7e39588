import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv6 } from "node:net";
import { RecordingError } from "../../core/model/errors.ts";
import { addNetwork, isListed, isLoopback } from "../../http/networks.ts";

/** Says from which address a visitor comes. */
export type VisitorAddress = (request: Pick<IncomingMessage, "headers" | "socket">) => string;

/**
 * The address a visitor is known by when passwords are guessed. Where a reverse proxy stands in front, it is the last
 * address in `X-Forwarded-For` that no trusted proxy has; what stands further left may be invented by the visitor. Without
 * a proxy, and from anybody but a trusted one, it is the connection's own. IPv6 visitors are known by their /64, which is
 * what one customer has.
 */
export function openVisitorAddress(behindProxy: boolean, trusted: BlockList): VisitorAddress {
  return ({ headers, socket }) => {
    let address = plain(socket.remoteAddress ?? "");
    if (!behindProxy) return networkOf(address);
    const hops = [headers["x-forwarded-for"] ?? []].flat().join(",").split(",");
    while (isTrusted(address, trusted)) {
      const before = hops.pop();
      const next = before === undefined ? "" : plain(before);
      if (isIP(next) === 0) break;
      address = next;
    }
    return networkOf(address);
  };
}

/** Addresses and networks (`10.0.0.0/8`) of the proxies that may say where a visitor comes from; loopback always may. */
export function trustedProxies(networks: readonly string[]): BlockList {
  const list = new BlockList();
  list.addSubnet("127.0.0.0", 8, "ipv4");
  list.addAddress("::1", "ipv6");
  for (const network of networks) {
    if (addNetwork(list, network)) continue;
    throw new RecordingError("usage", `"${network}" is not an address or a network such as 10.0.0.0/8.`);
  }
  return list;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  return isIP(address) !== 0 && isListed(trusted, address);
}

/** An address without port, brackets, zone and the prefix of IPv4 in IPv6. */
function plain(text: string): string {
  const bare = text
    .trim()
    .replace(/^\[([^\]]*)\](?::\d+)?$/, "$1")
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1")
    .replace(/%.*$/, "");
  return bare.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}

function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  return `${[...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}

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
