import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { type DigestAlgorithm, defaultTimSettings, digestAlgorithms } from "../../../src/sandbox/tim/site-settings.ts";
import { ask, askRaw, askToken, basic, openSmallTim, voiceTarget } from "./client.ts";

const tim = await openSmallTim();
const call = tim.recordings()[0]!;
const { settings } = tim;

beforeEach(() => {
  Object.assign(settings, defaultTimSettings());
  tim.clearStats();
  tim.clock.advance(3_600_000);
});
afterAll(() => tim.close());

describe("basic", () => {
  test("a request without credentials is asked for them and gets nothing else", async () => {
    const { status, headers, text } = await ask(tim.timUrl + voiceTarget(call));
    expect(status).toBe(401);
    expect(headers["www-authenticate"]).toBe('Basic realm="TIM Enterprise", charset="UTF-8"');
    expect(text).not.toContain("http");
    expect(tim.stats()).toMatchObject({ challenges: 1, refusedLogins: 0, tokensIssued: 0 });
  });

  test("every path asks for a login, known or not", async () => {
    expect((await ask(`${tim.timUrl}/`)).status).toBe(401);
    expect((await ask(`${tim.timUrl}/`, { headers: basic(tim) })).status).toBe(404);
  });

  test("a password with colon, percent sign and umlaut is understood as UTF-8", async () => {
    expect(settings.login.password).toMatch(/[^\0-\x7F].*[%:]/);
    expect((await askToken(tim)).status).toBe(200);
  });

  test("a wrong password is refused and counted", async () => {
    expect((await ask(tim.timUrl + voiceTarget(call), { headers: basic(tim, "wrong") })).status).toBe(401);
    expect(tim.stats()).toMatchObject({ refusedLogins: 1, tokensIssued: 0 });
  });
});

describe("digest", () => {
  beforeEach(() => {
    settings.login.mode = "digest";
  });

  test.each(digestAlgorithms)("%s lets the right password in and no other", async (algorithm) => {
    settings.login.algorithms = [algorithm];
    expect((await digestAsk(await challenge(), {})).status).toBe(200);
    expect((await digestAsk(await challenge(), { password: "wrong" })).status).toBe(401);
    expect(tim.stats()).toMatchObject({ refusedLogins: 1, tokensIssued: 1 });
  });

  test("an answer to an old nonce hears stale=true and is no bad login", async () => {
    const old = await challenge();
    tim.clock.advance(settings.login.nonceLifeMs);
    const { status, headers } = await digestAsk(old, {});
    expect(status).toBe(401);
    expect(headers["www-authenticate"]).toContain("stale=true");
    expect((await digestAsk(parse(headers["www-authenticate"]!), {})).status).toBe(200);
    expect(tim.stats()).toMatchObject({ staleNonces: 1, refusedLogins: 0 });
  });

  test("a nonce serves many requests with a rising count, and a repeated count is stale", async () => {
    const nonce = await challenge();
    expect((await digestAsk(nonce, { nc: 1 })).status).toBe(200);
    expect((await digestAsk(nonce, { nc: 2 })).status).toBe(200);
    expect((await digestAsk(nonce, { nc: 2 })).headers["www-authenticate"]).toContain("stale=true");
  });

  test("where nonces are for one use, the second use is stale", async () => {
    settings.login.nonceReusable = false;
    const nonce = await challenge();
    expect((await digestAsk(nonce, { nc: 1 })).status).toBe(200);
    expect((await digestAsk(nonce, { nc: 2 })).headers["www-authenticate"]).toContain("stale=true");
  });

  test("an answer for another target is refused", async () => {
    expect((await digestAsk(await challenge(), { uri: "/voice.wav" })).status).toBe(401);
    expect(tim.stats().refusedLogins).toBe(1);
  });

  test("without qop it is the digest of RFC 2069", async () => {
    settings.login.qop = "none";
    settings.login.algorithms = ["MD5"];
    const offered = await challenge();
    expect(offered.qop).toBeUndefined();
    expect((await digestAsk(offered, {})).status).toBe(200);
  });

  test("Basic is refused where only Digest is offered", async () => {
    expect((await askToken(tim)).status).toBe(401);
    expect(tim.stats().refusedLogins).toBe(1);
  });

  const curl = spawnSync("curl", ["--version"]).status === 0;
  test.skipIf(!curl).each(["MD5", "SHA-256"] as const)("curl logs in with %s", async (algorithm) => {
    settings.login.algorithms = [algorithm];
    const { username, password } = settings.login;
    const { execFile } = await import("node:child_process");
    const url = tim.timUrl + voiceTarget(call);
    const said = await new Promise((resolve) =>
      execFile("curl", ["-s", "--digest", "-u", `${username}:${password}`, url], (_, stdout) => resolve(stdout)),
    );
    expect(said).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/play\//);
  });
});

describe("what is offered", () => {
  test.each([
    ["both", ["Digest", "Digest", "Basic"]],
    ["ntlm", ["NTLM"]],
    ["negotiate", ["Negotiate"]],
    ["windows", ["Negotiate", "NTLM"]],
    ["all", ["Negotiate", "NTLM", "Digest", "Digest", "Basic"]],
  ] as const)("%s offers %j", async (mode, schemes) => {
    settings.login.mode = mode;
    const { headers } = await ask(tim.timUrl + voiceTarget(call));
    const offered = headers["www-authenticate"]!.match(/\b(Basic|Digest|NTLM|Negotiate)(?= realm|,|$)/g);
    expect(offered).toEqual(schemes);
  });

  test("Basic does not open a door that wants Windows logins", async () => {
    settings.login.mode = "ntlm";
    expect((await askToken(tim)).status).toBe(401);
  });

  test("challenges come in a header each, or joined in one", async () => {
    settings.login.mode = "both";
    const lines = async () =>
      (await askRaw(tim.timUrl + voiceTarget(call))).head.filter((line) => /^www-auth/i.test(line)).length;
    expect(await lines()).toBe(3);
    settings.login.challenges = "joined";
    expect(await lines()).toBe(1);
  });
});

describe("flood lock", () => {
  const wrong = () => ask(tim.timUrl + voiceTarget(call), { headers: basic(tim, "wrong") });

  test("after so many bad logins even the right password is refused, until the time is over", async () => {
    settings.flood.failCount = 2;
    await wrong();
    expect((await askToken(tim)).status).toBe(200);
    await wrong();
    await wrong();
    expect((await askToken(tim)).status).toBe(401);
    expect(tim.stats().lockedOut).toBe(1);
    tim.clock.advance(settings.flood.lockMs);
    expect((await askToken(tim)).status).toBe(200);
  });

  test("a locked address sees 403, or a broken connection, where the settings say so", async () => {
    Object.assign(settings.flood, { failCount: 1, look: "403" });
    await wrong();
    expect((await askToken(tim)).status).toBe(403);
    settings.flood.look = "reset";
    await expect(askToken(tim)).rejects.toThrow();
  });

  test("requests without credentials count only where the settings say so", async () => {
    settings.flood.failCount = 1;
    await ask(tim.timUrl + voiceTarget(call));
    expect((await askToken(tim)).status).toBe(200);
    settings.flood.countsChallenges = true;
    await ask(tim.timUrl + voiceTarget(call));
    expect((await askToken(tim)).status).toBe(401);
  });
});

type Offered = Record<string, string>;

async function challenge(): Promise<Offered> {
  const { headers } = await ask(tim.timUrl + voiceTarget(call));
  return parse(headers["www-authenticate"]!);
}

function parse(header: string): Offered {
  const fields = [...header.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)];
  return Object.fromEntries(fields.map(([, name, quoted, token]) => [name, quoted ?? token]));
}

/** A Digest client of its own, written from RFC 7616. */
function digestAsk(offered: Offered, own: { password?: string; nc?: number; uri?: string }) {
  const { username, realm, password: right } = settings.login;
  const algorithm = (offered.algorithm ?? "MD5") as DigestAlgorithm;
  const name = algorithm.replace("-sess", "").toLowerCase();
  const openssl = { md5: "md5", "sha-256": "sha256", "sha-512-256": "sha512-256" }[name]!;
  const h = (text: string) => createHash(openssl).update(text).digest("hex");
  const target = voiceTarget(call);
  const uri = own.uri ?? target;
  const nc = (own.nc ?? 1).toString(16).padStart(8, "0");
  const cnonce = "0a4f113b";
  const a1 = `${username}:${realm}:${own.password ?? right}`;
  const ha1 = algorithm.endsWith("-sess") ? h(`${h(a1)}:${offered.nonce}:${cnonce}`) : h(a1);
  const ha2 = h(`GET:${uri}`);
  const middle = offered.qop ? `${offered.nonce}:${nc}:${cnonce}:auth` : offered.nonce;
  const qop = offered.qop ? `, qop=auth, nc=${nc}, cnonce="${cnonce}"` : "";
  const authorization =
    `Digest username="${username}", realm="${realm}", nonce="${offered.nonce}", uri="${uri}", ` +
    `algorithm=${algorithm}, response="${h(`${ha1}:${middle}:${ha2}`)}", opaque="${offered.opaque}"${qop}`;
  return ask(tim.timUrl + target, { headers: { authorization } });
}
