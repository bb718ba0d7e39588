import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRingCentralSandbox, type RingCentralSandbox } from "../../../src/sandbox/ringcentral/index.ts";
import type { FaultEffect } from "../../../src/sandbox/ringcentral/server/fault.ts";
import { type Body, clientOf, codeOf, jwtBearer } from "./client.ts";

let sandbox: RingCentralSandbox;
let client: ReturnType<typeof clientOf>;
let id = "";
let whole: Buffer;
beforeEach(async () => {
  sandbox = await openRingCentralSandbox({ settings: { limits: { heavy: { limit: 10_000 } } } });
  client = clientOf(sandbox);
  await client.login();
  id = sandbox.recordings()[0]!.id;
  whole = sandbox.audioOf(id);
});
afterEach(() => sandbox.close());

const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());
const inject = (effect: FaultEffect) => sandbox.settings.faults.push({ route: "content", times: 1, ...effect });

describe("faults of recording content", () => {
  it("are an error with and without Retry-After, JSON or not", async () => {
    inject({ kind: "status", status: 503, code: "CMN-201", retryAfter: 7 });
    const json = await client.content(id);
    expect([json.status, json.headers.get("retry-after"), await codeOf(json)]).toEqual([503, "7", "CMN-201"]);
    inject({ kind: "status", status: 502 });
    const html = await client.content(id);
    expect([html.status, html.headers.get("content-type")]).toEqual([502, "text/html"]);
    expect((await client.content(id)).status).toBe(200);
  });

  it("cut the connection before the answer and in the middle of the body", async () => {
    inject({ kind: "reset" });
    await expect(client.content(id)).rejects.toThrow();
    inject({ kind: "reset", afterBytes: 500 });
    const answer = await client.content(id);
    expect(answer.headers.get("content-length")).toBe(String(whole.length));
    await expect(answer.arrayBuffer()).rejects.toThrow();
    inject({ kind: "short", bytes: 500 });
    const short = await client.content(id);
    await expect(short.arrayBuffer()).rejects.toThrow();
    expect(sandbox.stats().downloads[id]).toMatchObject({ started: 2, whole: 0 });
  });

  it("send nothing, JSON, a captive portal, or an unasked first part with 200-ish faces", async () => {
    inject({ kind: "empty" });
    expect((await bytesOf(await client.content(id))).length).toBe(0);
    inject({ kind: "json" });
    const json = await client.content(id);
    expect([json.status, json.headers.get("content-type")]).toEqual([200, "application/json;charset=UTF-8"]);
    inject({ kind: "html" });
    expect((await client.content(id)).headers.get("content-type")).toBe("text/html");
    inject({ kind: "partial", bytes: 1_000 });
    const part = await client.content(id);
    expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 0-999/${whole.length}`]);
    expect((await bytesOf(part)).equals(whole.subarray(0, 1_000))).toBe(true);
  });

  it("are a gateway's empty 404, an error that names its parameter, and a limit with a 200", async () => {
    inject({ kind: "status", status: 404, empty: true });
    const empty = await client.content(id);
    expect([empty.status, await empty.text()]).toEqual([404, ""]);
    inject({ kind: "status", status: 404, code: "CMN-102", parameterName: "accountId" });
    const named: Body = await (await client.content(id)).json();
    expect(named.errors).toEqual([expect.objectContaining({ errorCode: "CMN-102", parameterName: "accountId" })]);
    inject({ kind: "json", code: "CMN-301" });
    const limited = await client.content(id);
    expect([limited.status, await codeOf(limited)]).toEqual([200, "CMN-301"]);
  });

  it.each([
    [403, "AccessDenied"],
    [404, "NoSuchKey"],
  ] as const)("lead to a storage host that answers %i in its own words", async (storage, word) => {
    inject({ kind: "redirect", storage });
    const to = (await client.content(id)).headers.get("location") ?? "";
    const answer = await fetch(to);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([storage, "application/xml"]);
    expect(await answer.text()).toContain(word);
  });

  it("lead to a foreign host, which serves the audio and notes a client that brings its token", async () => {
    inject({ kind: "redirect" });
    const answer = await client.content(id);
    expect(answer.status).toBe(302);
    const to = answer.headers.get("location") ?? "";
    expect(to.startsWith(sandbox.foreignUrl)).toBe(true);
    expect((await bytesOf(await fetch(to))).equals(whole)).toBe(true);
    expect(sandbox.stats().foreignAuthorization).toBe(0);
    await client.get(to);
    expect(sandbox.stats().foreignAuthorization).toBe(1);
  });

  it("kill the token in the middle of a run", async () => {
    inject({ kind: "expire-token" });
    expect(await codeOf(await client.content(id))).toBe("OAU-213");
    expect((await client.content(id)).status).toBe(401);
    await client.login();
    expect((await client.content(id)).status).toBe(200);
  });

  it("hang until the client gives up, wait, or drip", async () => {
    inject({ kind: "hang" });
    const url = `${sandbox.mediaUrl}/restapi/v1.0/account/~/recording/${id}/content`;
    const headers = { Authorization: `Bearer ${client.token()}` };
    await expect(fetch(url, { headers, signal: AbortSignal.timeout(100) })).rejects.toThrow(/timeout|abort/i);
    inject({ kind: "delay", ms: 60 });
    let begin = performance.now();
    await bytesOf(await client.content(id));
    expect(performance.now() - begin).toBeGreaterThan(55);
    inject({ kind: "drip", bytesPerSecond: whole.length * 5 });
    begin = performance.now();
    expect((await bytesOf(await client.content(id))).equals(whole)).toBe(true);
    expect(performance.now() - begin).toBeGreaterThan(150);
  });

  it("strike as often, as late, and for the recordings that they name", async () => {
    const other = sandbox.recordings()[1]!.id;
    const { faults } = sandbox.settings;
    faults.push({ route: "content", ids: [id], skip: 1, times: 2, kind: "status", status: 500 });
    const status = async (recording: string) => (await client.content(recording)).status;
    expect([await status(other), await status(id), await status(id), await status(id), await status(id)]).toEqual([
      200, 200, 500, 500, 200,
    ]);
    expect(faults).toEqual([]);
    faults.push({ route: "*", timesPerId: 1, kind: "status", status: 500 });
    expect([await status(id), await status(id), await status(other), await status(other)]).toEqual([
      500, 200, 500, 200,
    ]);
  });
});

describe("faults of the token endpoint", () => {
  it("fail, and lose an answer after the server has rotated the pair", async () => {
    sandbox.settings.app.issueRefreshTokens = true;
    sandbox.settings.faults.push({
      route: "token",
      times: 1,
      kind: "status",
      status: 503,
      code: "CMN-201",
      retryAfter: 3,
    });
    const failed = await client.grant({ grant_type: jwtBearer, assertion: sandbox.env.RC_USER_JWT });
    expect([failed.status, failed.headers.get("retry-after")]).toEqual([503, "3"]);
    const first = await client.login();
    const refresh = { grant_type: "refresh_token", refresh_token: first.refresh_token };
    sandbox.settings.faults.push({ route: "token", times: 1, kind: "reset" });
    await expect(client.grant(refresh)).rejects.toThrow();
    expect((await client.get("/extension/~")).status).toBe(401);
    const again: Body = await (await client.grant(refresh)).json();
    client.use(again.access_token);
    expect((await client.get("/extension/~")).status).toBe(200);
  });
});

describe("answers in general", () => {
  it("include discovery, the account and its recording settings", async () => {
    const discovery: Body = await (await fetch(`${sandbox.apiUrl}/.well-known/openid-configuration`)).json();
    expect(discovery.token_endpoint).toBe(`${sandbox.apiUrl}/restapi/oauth/token`);
    expect((await client.json("")).mainNumber).toBe("12055550100");
    const { automatic } = await client.json("/call-recording");
    expect(automatic).toMatchObject({ retentionPeriod: 90, maxNumberLimit: 100_000 });
    expect((await fetch(`${sandbox.foreignUrl}/recording/1`)).status).toBe(404);
  });

  it("carry the vendor's headers, and come both with Content-Length and chunked", async () => {
    const answers = [await client.get("/extension/~"), await client.get("/extension/~")];
    for (const answer of answers) {
      expect(answer.headers.get("rcrequestid")).toMatch(/^[0-9a-f-]{36}$/);
      expect(answer.headers.get("content-type")).toBe("application/json;charset=UTF-8");
      expect(answer.headers.get("routingkey")).toBeTruthy();
      expect(Math.abs(Date.parse(answer.headers.get("date") ?? "") - sandbox.clock.now())).toBeLessThan(60_000);
    }
    expect(new Set(answers.map((answer) => answer.headers.has("content-length"))).size).toBe(2);
  });

  it("are 404 CMN-120 for a path that does not exist and CMN-102 for another account", async () => {
    expect(await codeOf(await client.get("/nothing-here"))).toBe("CMN-120");
    expect(await codeOf(await client.get(`${sandbox.apiUrl}/restapi/v1.0/account/999/call-log`))).toBe("CMN-102");
  });
});
