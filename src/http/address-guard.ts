import { lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { RecordingError } from "../core/model/errors.ts";
import { isListed } from "./networks.ts";

/** Whom a source's answers may send us to. Plain data. */
export interface AddressRule {
  /** Hosts that the user named: reached wherever they are. */
  readonly named: readonly string[];
  /** The source's own host: others may be in a private network only when it is in one, too. */
  readonly own: string;
  /** How the user names a further host, `HOST` in its place; undefined where he cannot. */
  readonly exception?: string;
}

/** Holds every address that a connection would go to against the rule. */
export interface AddressGuard {
  /** Throws `foreign-host` when a URL's host is an address that must not be reached. */
  check(host: string): Promise<void>;
  /** As `net.connect` wants it: gives no address that must not be reached. */
  readonly lookup: LookupFunction;
}

const never = new BlockList();
never.addSubnet("169.254.0.0", 16, "ipv4");
never.addSubnet("fe80::", 10, "ipv6");
never.addAddress("fd00:ec2::254", "ipv6");
never.addAddress("fd20:ce::254", "ipv6");
never.addAddress("100.100.100.200", "ipv4");
never.addAddress("168.63.129.16", "ipv4");
never.addAddress("192.0.0.192", "ipv4");

const inside = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const) {
  inside.addSubnet(net, bits, "ipv4");
}
inside.addSubnet("fc00::", 7, "ipv6");
inside.addSubnet("fec0::", 10, "ipv6");
inside.addSubnet("64:ff9b:1::", 48, "ipv6");
inside.addSubnet("::", 127, "ipv6");

/** Opens the guard of one source. `resolve` asks the name service. */
export function openAddressGuard(rule: AddressRule, resolve: typeof lookup = lookup): AddressGuard {
  const named = new Set([rule.own, ...rule.named].map(bareHost));
  let ownIsInside: Promise<boolean> | undefined;

  async function refusal(host: string, addresses: readonly string[]): Promise<RecordingError | undefined> {
    if (named.has(bareHost(host))) return undefined;
    const bad = addresses.find((address) => isIn(never, address));
    if (bad !== undefined) return refused("a link-local or metadata address, where no recording is kept", host, rule);
    if (!addresses.some((address) => isIn(inside, address))) return undefined;
    ownIsInside ??= isInside(rule.own, resolve);
    return (await ownIsInside)
      ? undefined
      : refused("an address in a private network, but the source is not in one", host, rule);
  }

  return {
    async check(host) {
      const bare = bareHost(host);
      const error = isIP(bare) === 0 ? undefined : await refusal(host, [bare]);
      if (error !== undefined) throw error;
    },
    lookup(host, options, callback) {
      resolve(host, options, (failure, found: unknown, family?: number) => {
        const give = callback as (error: Error | null, address?: unknown, family?: number) => void;
        if (failure) return give(failure);
        refusal(host, addressesIn(found)).then(
          (error) => (error === undefined ? give(null, found, family) : give(error)),
          give,
        );
      });
    },
  };
}

function addressesIn(found: unknown): string[] {
  return Array.isArray(found) ? found.map(({ address }: { address: string }) => address) : [String(found)];
}

/** Whether a host is in a private network; one that has no address is not. */
function isInside(host: string, resolve: typeof lookup): Promise<boolean> {
  const bare = bareHost(host);
  if (isIP(bare) !== 0) return Promise.resolve(isIn(inside, bare) || isIn(never, bare));
  return new Promise((answer) => {
    resolve(bare, { all: true }, (failure, found) => {
      answer(!failure && found.some(({ address }) => isIn(inside, address) || isIn(never, address)));
    });
  });
}

/** IPv4 addresses inside IPv6 ones (mapped, compatible, by NAT64 or 6to4) are what they stand for. */
function isIn(list: BlockList, address: string): boolean {
  const bare = address.replace(/%.*$/, "");
  const inner = ipv4Within(bare);
  return isListed(list, bare) || (inner !== undefined && list.check(inner, "ipv4"));
}

/** `::a.b.c.d`, the last 32 bits of NAT64's prefixes (RFC 6052, RFC 8215), and those after 6to4's 2002::/16 (RFC 3056). */
function ipv4Within(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const groups = groupsOf(new URL(`http://[${address}]`).hostname.slice(1, -1));
  const prefix = groups.slice(0, 6).join(":");
  const at = groups[0] === 0x2002 ? 1 : /^(?:0:0:0:0:0:0|100:65435:[01]:\d+:\d+:\d+)$/.test(prefix) ? 6 : undefined;
  if (at === undefined) return undefined;
  return groups
    .slice(at, at + 2)
    .flatMap((group) => [group >> 8, group & 255])
    .join(".");
}

/** The eight numbers of an address as URLs write it. */
function groupsOf(address: string): number[] {
  const [left = [], right = []] = address
    .split("::")
    .map((half) => (half === "" ? [] : half.split(":").map((group) => Number.parseInt(group, 16))));
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function bareHost(host: string): string {
  return host
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
}

function refused(what: string, host: string, { exception }: AddressRule): RecordingError {
  const remedy = exception === undefined ? "" : ` If that is right, name it: ${exception.replaceAll("HOST", host)}.`;
  return new RecordingError("foreign-host", `${host} leads to ${what}: nothing was requested there.${remedy}`, {
    unsent: true,
  });
}
