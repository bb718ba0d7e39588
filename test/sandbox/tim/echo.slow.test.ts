import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { keyOf } from "../../../src/sandbox/tim/calls.ts";
import { defaultTimSettings, type ExpiredLook } from "../../../src/sandbox/tim/site-settings.ts";
import { ask, askRaw, askToken, basic, openSmallTim, sha256, tokenUrl, voiceTarget } from "./client.ts";

const tim = await openSmallTim();
const call = tim.recordings()[0]!;
const id = call.voicefilename;
const { settings } = tim;

beforeEach(() => {
  Object.assign(settings, defaultTimSettings());
  tim.clearStats();
});
afterAll(() => tim.close());

test("the token URL alone gets the recording, and the statistics know its hash", async () => {
  const { status, headers, body } = await ask(await tokenUrl(tim));
  expect(status).toBe(200);
  expect(headers).toMatchObject({ "content-type": "audio/wav", "content-length": String(body.length) });
  expect(body).toEqual(tim.audioOf(id));
  expect(tim.stats().served).toEqual({ [keyOf(call)]: { times: 1, bytes: body.length, sha256: sha256(body) } });
});

test("credentials and cookies that come to Echo are seen", async () => {
  const url = await tokenUrl(tim);
  await ask(url);
  expect(tim.stats()).toMatchObject({ echoSawAuthorization: 0, echoSawCookie: 0 });
  await ask(url, { headers: { ...basic(tim), cookie: "TIMSESSION=sandbox" } });
  expect(tim.stats()).toMatchObject({ echoSawAuthorization: 1, echoSawCookie: 1 });
});

describe("tokens", () => {
  test("a token works for a minute from its issue and is then refused", async () => {
    const url = await tokenUrl(tim);
    tim.clock.advance(59_000);
    expect((await ask(url)).status).toBe(200);
    tim.clock.advance(1_000);
    expect((await ask(url)).status).toBe(403);
    const { tokenAges, expiredTokens, audioRequests } = tim.stats();
    expect(tokenAges.map(({ ms }) => Math.round(ms / 1_000))).toEqual([59, 60]);
    expect(expiredTokens).toBe(1);
    expect(audioRequests).toEqual({ [keyOf(call)]: 2 });
  });

  test.each([
    ["401", 401],
    ["404", 404],
    ["410", 410],
    ["html", 200],
    ["empty", 200],
  ] as [ExpiredLook, number][])("an expired token can look like %s", async (look, status) => {
    Object.assign(settings.token, { ttlMs: 0, expired: look });
    const heard = await ask(await tokenUrl(tim));
    expect(heard.status).toBe(status);
    expect(heard.text.length > 0).toBe(look !== "empty");
    expect(heard.body.equals(tim.audioOf(id))).toBe(false);
  });

  test("an expired token can look like a broken connection", async () => {
    Object.assign(settings.token, { ttlMs: 0, expired: "reset" });
    await expect(ask(await tokenUrl(tim))).rejects.toThrow();
  });

  test("an unknown token is 404", async () => {
    expect((await ask(`${await tokenUrl(tim)}0`)).status).toBe(404);
    expect(tim.stats().unknownTokens).toBe(1);
  });

  test("the same request gets the same old token back where the answer is cached", async () => {
    settings.token.cached = true;
    const target = tim.timUrl + voiceTarget(call);
    const first = await ask(target, { headers: basic(tim) });
    tim.clock.advance(60_000);
    const second = await ask(target, { headers: basic(tim) });
    expect(second.text).toBe(first.text);
    expect((await ask(second.text)).status).toBe(403);
    expect((await ask((await askToken(tim)).text)).status).toBe(200);
  });

  test("a single-use token fails the second time", async () => {
    settings.token.singleUse = true;
    const url = await tokenUrl(tim);
    expect((await ask(url)).status).toBe(200);
    expect((await ask(url)).status).toBe(403);
  });

  test("a token bound to an address fails from another", async () => {
    settings.token.ipBound = true;
    const url = await tokenUrl(tim);
    expect((await ask(url, { localAddress: "127.0.0.2" })).status).toBe(403);
    expect((await ask(url)).status).toBe(200);
  });

  test("a body that is on its way when the token dies arrives whole, unless the service is strict", async () => {
    const during = async () => {
      settings.echo.bytesPerSecond = tim.audioOf(id).length / 100;
      const url = await tokenUrl(tim);
      tim.clearStats();
      const heard = ask(url);
      await expect.poll(() => tim.stats().requests.echo).toBe(1);
      tim.clock.advance(60_000);
      settings.echo.bytesPerSecond = 0;
      return heard;
    };
    expect((await during()).body).toEqual(tim.audioOf(id));
    settings.token.strict = true;
    const cut = await during();
    expect(cut.broke).toBe(true);
    expect(cut.body.length).toBeLessThan(tim.audioOf(id).length);
  });
});

test("a recording whose audio is gone gets a token all the same, and 404 at Echo", async () => {
  settings.access.audioMissing = [id];
  expect((await ask(await tokenUrl(tim))).status).toBe(404);
});

describe("ranges", () => {
  const range = async (value: string, more: Record<string, string> = {}) =>
    ask(await tokenUrl(tim), { headers: { range: value, ...more } });

  test("are ignored by default", async () => {
    const { status, headers, body } = await range("bytes=10-19");
    expect(status).toBe(200);
    expect(headers["accept-ranges"]).toBeUndefined();
    expect(body).toEqual(tim.audioOf(id));
  });

  test("are honoured where the settings say so", async () => {
    settings.echo.ranges = true;
    const whole = tim.audioOf(id);
    const { status, headers, body } = await range("bytes=10-19");
    expect(status).toBe(206);
    expect(headers["content-range"]).toBe(`bytes 10-19/${whole.length}`);
    expect(body).toEqual(whole.subarray(10, 20));
    expect((await range("bytes=-5")).body).toEqual(whole.subarray(-5));
    expect((await range("bytes=100-")).body).toEqual(whole.subarray(100));
    expect(await range(`bytes=${whole.length}-`)).toMatchObject({
      status: 416,
      headers: { "content-range": `bytes */${whole.length}` },
    });
    expect(tim.stats().served).toEqual({});
  });

  test("If-Range with another validator, or a weak one, gets everything", async () => {
    Object.assign(settings.echo, { ranges: true, etag: "strong" });
    const { etag } = (await ask(await tokenUrl(tim))).headers;
    expect((await range("bytes=1-2", { "if-range": etag! })).status).toBe(206);
    expect((await range("bytes=1-2", { "if-range": '"other"' })).status).toBe(200);
    settings.echo.etag = "weak";
    expect((await range("bytes=1-2", { "if-range": `W/${etag}` })).status).toBe(200);
  });
});

describe("how the body is announced", () => {
  test.each([
    ["chunked", { "transfer-encoding": "chunked" }, false],
    ["close", { connection: "close" }, false],
  ] as const)("%s: no length, all bytes", async (length, headers, broke) => {
    settings.echo.length = length;
    const heard = await ask(await tokenUrl(tim));
    expect(heard).toMatchObject({ headers, broke });
    expect(heard.headers["content-length"]).toBeUndefined();
    expect(heard.body).toEqual(tim.audioOf(id));
  });

  test("longer: the body ends before the announced length", async () => {
    settings.echo.length = "longer";
    const { broke, headers, body } = await ask(await tokenUrl(tim));
    expect(broke).toBe(true);
    expect(Number(headers["content-length"])).toBe(body.length + 1_000);
  });

  test("shorter: the announced length hides the end of the recording", async () => {
    settings.echo.length = "shorter";
    const { head, body } = await askRaw(await tokenUrl(tim));
    expect(head).toContain(`content-length: ${tim.audioOf(id).length - 1_000}`);
    expect(body).toEqual(tim.audioOf(id));
  });

  test("another content type", async () => {
    settings.echo.contentType = "application/octet-stream";
    expect((await ask(await tokenUrl(tim))).headers["content-type"]).toBe("application/octet-stream");
  });
});

test("HEAD tells the length without the body", async () => {
  const { status, headers, body } = await ask(await tokenUrl(tim), { method: "HEAD" });
  expect(status).toBe(200);
  expect(Number(headers["content-length"])).toBe(tim.audioOf(id).length);
  expect(body.length).toBe(0);
});

test("a recording of more than a gibibyte is streamed in little memory", async () => {
  const bytes = 1_100_000_000;
  settings.audio.only = { [id]: { sparseBytes: bytes } };
  const { get } = await import("node:http");
  const url = await tokenUrl(tim);
  const before = process.memoryUsage().rss;
  const arrived = await new Promise<number>((resolve) => {
    get(url, async (response) => {
      let sum = 0;
      for await (const chunk of response) sum += chunk.length;
      resolve(sum);
    });
  });
  expect(arrived).toBe(bytes);
  expect(process.memoryUsage().rss - before).toBeLessThan(500_000_000);
});
