import { type BlockList, isIP } from "node:net";

/** Adds an address, or a network such as `10.0.0.0/8`, to a list; false when the text is neither. */
export function addNetwork(list: BlockList, text: string): boolean {
  const [net = "", bits, ...rest] = text.split("/");
  const version = isIP(net);
  const most = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (version === 0 || rest.length > 0 || !(prefix <= most)) return false;
  list.addSubnet(net, prefix, version === 4 ? "ipv4" : "ipv6");
  return true;
}

/** Whether the list has this address, which is one of IPv4 or IPv6. */
export function isListed(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

/** Whether the host of a URL can only mean this machine, whatever a name server says. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
