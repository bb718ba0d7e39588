import { expect, test } from "vitest";
import { openVisitorAddress, trustedProxies } from "../../src/player/auth/visitor.ts";

function seen(remoteAddress: string, forwarded: string | undefined, networks?: readonly string[]): string {
  const address = openVisitorAddress(networks !== undefined, trustedProxies(networks ?? []));
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return address({ headers, socket: { remoteAddress } } as Parameters<typeof address>[0]);
}

test.each([
  ["without a proxy the header says nothing", "198.51.100.7", "10.0.0.1", undefined, "198.51.100.7"],
  ["a proxy on this machine is believed", "127.0.0.1", "198.51.100.7", [], "198.51.100.7"],
  ["in IPv6 as well", "::1", "198.51.100.7", [], "198.51.100.7"],
  ["and as IPv4 within IPv6", "::ffff:127.0.0.1", "198.51.100.7", [], "198.51.100.7"],
  ["a stranger is not", "203.0.113.9", "198.51.100.7", [], "203.0.113.9"],
  ["the last address counts, not what the visitor claims", "127.0.0.1", "1.1.1.1, 198.51.100.7", [], "198.51.100.7"],
  ["trusted proxies are passed over", "127.0.0.1", "198.51.100.7, 10.1.2.3", ["10.0.0.0/8"], "198.51.100.7"],
  ["one address can be trusted", "192.0.2.2", "198.51.100.7", ["192.0.2.2"], "198.51.100.7"],
  ["an unreadable address ends the way", "127.0.0.1", "198.51.100.7, unknown", [], "127.0.0.1"],
  ["so does a missing header", "127.0.0.1", undefined, [], "127.0.0.1"],
  ["a port is left out", "127.0.0.1", "198.51.100.7:5123", [], "198.51.100.7"],
  ["an IPv6 visitor is a network", "127.0.0.1", "[2001:db8:0:7::1]:443", [], "2001:db8:0:7::/64"],
  ["however it is written", "2001:0DB8::7:0:0:0:1", undefined, undefined, "2001:db8:0:7::/64"],
  ["a zone is left out", "fe80::1%eth0", undefined, undefined, "fe80:0:0:0::/64"],
])("%s", (_, remote, forwarded, networks, expected) => {
  expect(seen(remote, forwarded, networks)).toBe(expected);
});

test.each(["10.0.0.0/33", "10.0.0.0/", "proxy.example", "10.0.0.0/8/8", "::1/129", "", "10.0.0.0/x"])(
  "%s is no network",
  (network) => {
    expect(() => trustedProxies([network])).toThrow(/not an address or a network/);
  },
);
