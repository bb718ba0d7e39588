import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createProxy } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Check } from "../../../src/core/model/ports.ts";
import { testTimLogin } from "../../../src/sources/tim/index.ts";
import { tlsVersion } from "../../../src/sources/tim/tls-probe.ts";
import { openScriptedServer } from "../../helpers/scripted-server.ts";
import { allChecks, behindBasic, behindDigest, type Fixture, never, openFixture, recording } from "./fixture.ts";

const checksOf = ({ source }: Fixture) => allChecks(source.check?.(never));
const brief = (checks: readonly Check[]) => checks.map(({ name, status }) => `${name}: ${status}`);
/** TIM's own answer to a request that names no recording. */
const unnamed = () => ({ status: 400 });

test("without a row the checks reach as far as the login, with two requests", async () => {
  await using fixture = await openFixture(behindBasic(unnamed));
  const checks = await checksOf(fixture);
  expect(brief(checks)).toEqual(["TIM address: ok", "TIM login scheme: ok", "TIM login: ok", "TIM token: skipped"]);
  expect(checks[1]?.message).toContain("offers Basic.");
  expect(fixture.tim.seen.map(({ headers }) => headers.authorization?.split(" ")[0])).toEqual([undefined, "Basic"]);
});

test("with a row they try a token and whether Echo can be reached, without reading the audio", async () => {
  await using echo = await openScriptedServer(() => ({
    body: Buffer.alloc(5_000_000),
    headers: { "content-type": "audio/x-wav" },
  }));
  const answer = () => ({ body: `${echo.origin}/x?token=secret` });
  await using fixture = await openFixture(behindDigest(answer), { sample: recording() });
  const checks = await checksOf(fixture);
  expect(brief(checks)).toEqual([
    "TIM address: ok",
    "TIM login scheme: ok",
    "TIM login: ok",
    "TIM token: ok",
    "Echo: ok",
  ]);
  expect(checks[3]?.message).toMatch(/tim\/3\/4\/NCS1: an address at 127\.0\.0\.1:\d+ within \d+ ms/);
  expect(checks[4]?.message).toContain("answers with audio/x-wav");
  expect(JSON.stringify(checks)).not.toMatch(/secret|s3cret/);
  expect([fixture.tim.seen.length, echo.seen.length]).toEqual([2, 1]);
});

test("a refused login ends the checks, after one bad request", async () => {
  await using fixture = await openFixture(behindBasic(unnamed), { password: "wrong", sample: recording() });
  const checks = await checksOf(fixture);
  expect(brief(checks)).toEqual(["TIM address: ok", "TIM login scheme: ok", "TIM login: failed"]);
  expect(checks[2]).toMatchObject({ exitCode: 7, message: expect.stringContaining("--tim-password-file") });
  expect(fixture.tim.seen.length).toBe(2);
});

test("a login scheme that is not spoken is named", async () => {
  await using fixture = await openFixture(() => ({ status: 401, headers: { "www-authenticate": "Negotiate, NTLM" } }));
  const checks = await checksOf(fixture);
  expect(brief(checks)).toEqual(["TIM address: ok", "TIM login scheme: failed"]);
  expect(checks[1]?.message).toContain("Negotiate, NTLM");
});

test("a row without a recording fails the token, not the login", async () => {
  await using fixture = await openFixture(
    behindBasic(() => ({ status: 404 })),
    { sample: recording() },
  );
  expect(brief(await checksOf(fixture)).slice(2)).toEqual(["TIM login: ok", "TIM token: failed"]);
});

test("an Echo that cannot be reached from here fails with the flag that helps, one that refuses is a warning", async () => {
  const echo = await openScriptedServer(() => ({ status: 403 }));
  const answer = () => ({ body: `${echo.origin}/x` });
  await using fixture = await openFixture(behindBasic(answer), { sample: recording() });
  const refused = (await checksOf(fixture)).at(-1);
  expect([refused?.name, refused?.status]).toEqual(["Echo", "warning"]);
  expect(refused?.message).toContain("answers 403");
  await echo[Symbol.asyncDispose]();
  const gone = (await checksOf(fixture)).at(-1);
  expect([gone?.name, gone?.status]).toEqual(["Echo", "failed"]);
  expect(gone?.message).toContain(`--echo-rewrite ${new URL(echo.origin).host}=HOST:PORT`);
});

test("a TIM that is not there fails at once", async () => {
  const server = await openScriptedServer(unnamed);
  await server[Symbol.asyncDispose]();
  await using fixture = await openFixture(unnamed, { url: server.origin });
  const checks = await checksOf(fixture);
  expect(brief(checks)).toEqual(["TIM address: ok", "TIM login scheme: failed"]);
  const [message, remedy] = ["connection refused", "and --tim-url."].map((text) => expect.stringContaining(text));
  expect(checks[1]).toMatchObject({ exitCode: 5, message, remedy });
});

test("a password over plain http to another machine is warned of", async () => {
  await using fixture = await openFixture(unnamed, { url: "http://tim.invalid" });
  const [address] = await checksOf(fixture);
  expect(address).toMatchObject({ name: "TIM address", status: "warning" });
  expect(address?.remedy).toContain("https");
});

test.each([
  [behindBasic(unnamed), {}, "ok", /accepts the login/],
  [behindBasic(() => ({ status: 403 })), {}, "warning", /refuses its voice script/],
  [behindBasic(() => ({ status: 503 })), {}, "warning", /answers 503/],
  [behindBasic(unnamed), { password: "wrong" }, "failed", /refused the login of export/],
  [behindDigest(unnamed), { password: "wrong" }, "failed", /refused the login/],
] as const)("the login alone can be tested (case %#)", async (script, settings, status, words) => {
  await using fixture = await openFixture(script, settings);
  const check = await testTimLogin(fixture.settings, fixture.context, never);
  expect([check.name, check.status]).toEqual(["TIM login", status]);
  expect(check.message).toMatch(words);
  expect(fixture.tim.seen.length).toBe(2);
});

const openssl = "openssl";
let keys: { key: string; cert: string };
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), "callreel-tls-"));
  const file = (name: string) => join(folder, name);
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  const out = ["-keyout", file("key"), "-out", file("cert")];
  execFileSync(openssl, ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...out, ...subject], { stdio: "ignore" });
  keys = { key: readFileSync(file("key"), "utf8"), cert: readFileSync(file("cert"), "utf8") };
  rmSync(folder, { recursive: true });
});

async function openTls(options: ServerOptions): Promise<{ url: URL } & AsyncDisposable> {
  const server = createServer({ ...keys, ...options }, (_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test.each(["TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1"] as const)(
  "a server that speaks %s at most is seen to",
  async (version) => {
    await using server = await openTls({ minVersion: "TLSv1", maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" });
    expect(await tlsVersion(server.url, { timeoutMs: 30_000 }, never)).toBe(version);
  },
);

test("an old TLS is a warning that names the setting, and what speaks none says so", async () => {
  await using old = await openTls({ minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" });
  await using fixture = await openFixture(unnamed, { url: old.url.origin });
  const checks = await checksOf(fixture);
  expect(checks[1]).toMatchObject({
    name: "TIM TLS version",
    status: "warning",
    remedy: expect.stringContaining("1.0"),
  });
  expect(checks[2]).toMatchObject({ name: "TIM login scheme", status: "failed" });
  const plain = new URL(fixture.tim.origin.replace("http:", "https:"));
  expect(await tlsVersion(plain, { timeoutMs: 2_000 }, never)).toBeUndefined();
  expect(await tlsVersion(old.url, { timeoutMs: 2_000 }, AbortSignal.abort())).toBeUndefined();
});

/** A proxy that takes CONNECT with the given login, and remembers whereto. */
async function openProxy(login: string, status = 200): Promise<{ url: string; asked: string[] } & AsyncDisposable> {
  const asked: string[] = [];
  const server = createProxy((_, response) => response.end());
  server.on("connect", (request, client, head) => {
    asked.push(request.url ?? "");
    const given = Buffer.from(request.headers["proxy-authorization"]?.split(" ")[1] ?? "", "base64").toString();
    if (given !== login || status !== 200) {
      client.end(`HTTP/1.1 ${status === 200 ? 407 : status} No\r\n\r\n`);
      return;
    }
    const [host = "", port] = (request.url ?? "").split(":");
    const onward = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.write(head);
      onward.pipe(client).pipe(onward);
    });
    for (const socket of [onward, client]) socket.on("error", () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://${login === "" ? "" : `${encodeURIComponent(login).replace("%3A", ":")}@`}127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test.each(["", "anna:p@ss w0rd"])("behind a proxy (login %j) the TLS is looked at through it", async (login) => {
  await using server = await openTls({ minVersion: "TLSv1", maxVersion: "TLSv1.2" });
  await using proxy = await openProxy(login);
  await using fixture = await openFixture(unnamed, { url: server.url.origin, proxy: proxy.url });
  const [, tls] = await checksOf(fixture);
  expect(tls).toMatchObject({ status: "ok", message: `TLSv1.2 through the proxy ${new URL(proxy.url).host}` });
  expect(proxy.asked).toEqual([server.url.host]);
});

test("a proxy that does not let through is named, its login is not", async () => {
  await using server = await openTls({});
  for (const status of [403, 407, 502]) {
    await using proxy = await openProxy("anna:s3cret", status);
    await using fixture = await openFixture(unnamed, { url: server.url.origin, proxy: proxy.url });
    const [, tls] = await checksOf(fixture);
    expect(tls).toMatchObject({ status: "warning", message: expect.stringContaining("through the proxy 127.0.0.1:") });
    expect(JSON.stringify(tls)).not.toMatch(/anna|s3cret/);
  }
  expect(await tlsVersion(server.url, { timeoutMs: 2_000, proxy: "http://127.0.0.1:9" }, never)).toBeUndefined();
});

test("a server or a proxy that says nothing is waited for no longer than asked", async () => {
  await using silent = await openScriptedServer(() => new Promise(() => {}));
  const url = new URL("https://tim.example");
  expect(await tlsVersion(url, { timeoutMs: 200, proxy: silent.origin }, never)).toBeUndefined();
});

test("a new TLS is well, and a certificate that nobody vouches for fails with the flag that helps", async () => {
  await using server = await openTls({});
  await using fixture = await openFixture(unnamed, { url: server.url.origin });
  const checks = await checksOf(fixture);
  expect(checks[1]).toMatchObject({ name: "TIM TLS version", status: "ok", message: "TLSv1.3" });
  expect(checks[2]?.message).toContain("--ca-file");
});

test("the checks of a silent Echo end when they are interrupted", async () => {
  const abort = new AbortController();
  await using echo = await openScriptedServer(() => {
    abort.abort(new DOMException("stop", "AbortError"));
    return new Promise(() => {});
  });
  await using fixture = await openFixture(() => ({ body: `${echo.origin}/x` }), { sample: recording() });
  const checks = await allChecks(fixture.source.check?.(abort.signal));
  expect(checks.at(-1)).toMatchObject({ name: "Echo", status: "failed", message: "Interrupted." });
});
