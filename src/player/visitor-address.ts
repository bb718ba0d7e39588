import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv6 } from "node:net";
import { RecordingError } from "../core/errors.ts";

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
  for (const network of networks) addNetwork(list, network);
  return list;
}

function addNetwork(list: BlockList, network: string): void {
  const [address = "", prefix, ...rest] = network.split("/");
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  const length = prefix === undefined ? most : Number(prefix);
  if (version === 0 || rest.length > 0 || prefix === "" || !Number.isInteger(length) || length < 0 || length > most) {
    throw new RecordingError("usage", `"${network}" is not an address or a network such as 10.0.0.0/8.`);
  }
  list.addSubnet(address, length, version === 6 ? "ipv6" : "ipv4");
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const version = isIP(address);
  return version !== 0 && trusted.check(address, version === 6 ? "ipv6" : "ipv4");
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
