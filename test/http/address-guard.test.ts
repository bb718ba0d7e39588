import { describe, expect, it } from "vitest";
import { openAddressGuard } from "../../src/http/address-guard.ts";
import { openHttp } from "../../src/http/client.ts";

const names: Record<string, string[]> = {
  "tim.example": ["203.0.113.1"],
  "tim.internal": ["10.0.0.5"],
  localhost: ["127.0.0.1"],
  "rebind.example": ["203.0.113.9", "169.254.169.254"],
  "inner.example": ["192.168.1.9"],
  "echo.example": ["203.0.113.2"],
};

/** A name service that knows these names alone. */
const resolve = ((
  host: string,
  options: { all?: boolean },
  done: (error: Error | null, found?: unknown, family?: number) => void,
) => {
  const found = names[host];
  if (found === undefined) done(new Error("ENOTFOUND"));
  else if (options.all)
    done(
      null,
      found.map((address) => ({ address, family: 4 })),
    );
  else done(null, found[0], 4);
}) as never;

const at = (own: string, named: string[] = []) => openAddressGuard({ own, named }, resolve);
const lookUp = (guard: ReturnType<typeof at>, host: string, all = true) =>
  new Promise((done) =>
    guard.lookup(host, { all }, ((error: Error | null, found: unknown) => done(error ?? found)) as never),
  );
const hostOf = (url: string) => new URL(url).hostname;

describe("never leads to link-local or metadata addresses", () => {
  it.each([
    "http://169.254.169.254/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://[fe80::1]/",
    "http://[febf::1]/",
    "http://[fd00:ec2::254]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:1]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::a9fe:a9fe]/",
    "http://[64:ff9b:1:2:3:4:169.254.169.254]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2002:a9fe:a9fe:1:2:3:4:5]/",
    "http://[::169.254.169.254]/",
    "http://169.254.169.254./",
    "http://①⑥⑨.254.169.254/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://[::ffff:168.63.129.16]/",
  ])("%s", async (url) => {
    for (const own of ["tim.example", "tim.internal", "10.0.0.1"]) {
      await expect(at(own).check(hostOf(url))).rejects.toMatchObject({ code: "foreign-host", unsent: true });
    }
    await at(hostOf(url)).check(hostOf(url));
    await at("tim.example", [hostOf(url)]).check(hostOf(url));
  });

  it("nor by a name, whichever of its addresses it is", async () => {
    expect(await lookUp(at("tim.internal"), "rebind.example")).toMatchObject({ code: "foreign-host" });
    expect(await lookUp(at("tim.internal", ["rebind.example"]), "rebind.example")).toHaveLength(2);
  });
});

describe("leads into private networks only from one", () => {
  it.each([
    "10.1.1.1",
    "192.168.0.1",
    "172.31.0.1",
    "127.0.0.1",
    "[::1]",
    "[fd12::1]",
    "0.0.0.0",
    "100.64.0.1",
    "[::ffff:10.0.0.1]",
  ])("%s", async (host) => {
    await expect(at("tim.example").check(host)).rejects.toMatchObject({ code: "foreign-host" });
    await expect(at("unknown.example").check(host)).rejects.toMatchObject({ code: "foreign-host" });
    await at("tim.internal").check(host);
    await at("192.168.7.7").check(host);
    await at("[::1]").check(host);
  });

  it("by name", async () => {
    expect(await lookUp(at("tim.example"), "inner.example", false)).toMatchObject({ code: "foreign-host" });
    expect(await lookUp(at("tim.internal"), "inner.example", false)).toBe("192.168.1.9");
    expect(await lookUp(at("tim.example"), "echo.example", false)).toBe("203.0.113.2");
    expect(await lookUp(at("tim.example"), "nowhere.example")).toMatchObject({ message: "ENOTFOUND" });
  });
});

it("is asked by the client before anything is sent, by address and by name", async () => {
  const addresses = { own: "203.0.113.1", named: [] };
  await using http = openHttp({
    connections: 1,
    connectTimeoutMs: 30_000,
    timeoutMs: 30_000,
    userAgent: "t",
    addresses,
  });
  for (const host of ["127.0.0.1:9", "localhost:9", "2130706433:9", "169.254.169.254"]) {
    const asked = http.request({ url: `http://${host}/x` }, new AbortController().signal);
    await expect(asked).rejects.toMatchObject({ code: "foreign-host" });
  }
});
