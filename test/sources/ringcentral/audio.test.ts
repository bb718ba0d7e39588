import { expect, test } from "vitest";
import { type ErrorCode, RecordingError, type Verdict } from "../../../src/core/model/errors.ts";
import type { RecordingRef } from "../../../src/core/model/recording.ts";
import { openRingCentral } from "../../../src/sources/ringcentral/index.ts";
import { openFake } from "./fake.ts";
import { leapingClock, never, openWorld } from "./world.ts";

const server = "https://platform.ringcentral.com";
const mediaServer = "https://media.ringcentral.com";
const content = "/restapi/v1.0/account/1/recording/401/content";
const ref = (contentUri?: string, call = {}): RecordingRef => ({
  key: "ringcentral/401",
  source: "ringcentral",
  id: "401",
  locator: contentUri === undefined ? {} : { contentUri },
  call,
});

async function withSource<T>(
  hosts: { server: string; mediaServer: string },
  work: (source: ReturnType<typeof openRingCentral>) => Promise<T> | T,
  changes = {},
): Promise<T> {
  await using world = openWorld(hosts, { accessToken: "ready", ...changes });
  await using source = openRingCentral(world.settings, world.context);
  return await work(source);
}

const own = "/restapi/v1.0/account/~/recording/401/content";

test.each([
  ["an explicit port", `${mediaServer}:443${content}`, `${mediaServer}${content}`],
  ["the API host", `${server}${content}`, `${server}${content}`],
  ["no contentUri", undefined, `${mediaServer}/restapi/v1.0/account/~/recording/401/content`],
  [
    "a token in the query, which is dropped",
    `${mediaServer}${content}?access_token=x&a=1`,
    `${mediaServer}${content}?a=1`,
  ],
])("gives a link for %s", async (_, contentUri, url) => {
  const link = await withSource({ server, mediaServer }, (source) => source.link(ref(contentUri), undefined, never));
  expect(link).toMatchObject({ url, headers: { authorization: "Bearer ready" }, resumable: true });
  expect(link.url).not.toContain("ready");
});

test.each([
  [`https://media.ringcentral.com.evil.example${content}`, content],
  [`https://evil.example${content}?a=1`, `${content}?a=1`],
  [`http://media.ringcentral.com${content}`, content],
  [`https://media.ringcentral.com:8443${content}`, content],
  [`https://user:pass@media.ringcentral.com${content}`, content],
  [`https://media.ringcentral.com@evil.example${content}`, content],
  [`//evil.example${content}`, content],
  [content, content],
  [`${mediaServer}/somewhere/else`, own],
  ["file:///etc/passwd", own],
  ["not an address", own],
])("asks our media host alone for %s", async (contentUri, path) => {
  const link = await withSource({ server, mediaServer }, (source) => source.link(ref(contentUri), undefined, never));
  expect(link.url).toBe(mediaServer + path);
});

test("refuses plain http unless the host is this machine", () => {
  expect(() => openRingCentral({ server: "http://rc.example" } as never, {} as never)).toThrow(
    /--server must be an https/,
  );
});

const failed = (status: number, headers = {}, body?: object) =>
  new RecordingError("http-error", "refused", {
    head: { status, headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const young = { start: new Date(Date.now() - 3_600_000).toISOString(), duration: 60 };
const old = { start: "2026-01-01T00:00:00Z", duration: 60 };
const going = { start: new Date(Date.now() - 20 * 3_600_000).toISOString() };
const missing = (parameterName: string) => ({
  errorCode: "InvalidParameter",
  errors: [{ errorCode: "CMN-102", message: "Resource is not found", parameterName }],
});
const inWords = { errorCode: "CMN-102", message: "Resource for parameter [recordingId] is not found" };
const scope = {
  errorCode: "InsufficientPermissions",
  errors: [{ errorCode: "CMN-401", permissionName: "ReadCallRecording" }],
};

test.each<[string, RecordingError, RecordingRef["call"], ErrorCode, Verdict]>([
  ["its own 404 on a young call", failed(404, {}, missing("recordingId")), young, "not-ready", "give-up"],
  ["its own 404 on an old call", failed(404, {}, missing("recordingId")), old, "gone", "give-up"],
  ["its own 410", failed(410, {}, missing("callRecordingId")), old, "gone", "give-up"],
  ["its own 404 that names the recording in words only", failed(404, {}, inWords), old, "gone", "give-up"],
  ["its own 404 without a known start", failed(404, {}, missing("recordingId")), {}, "gone", "give-up"],
  [
    "its own 404 on a call that may still go on",
    failed(404, {}, missing("recordingId")),
    going,
    "not-ready",
    "give-up",
  ],
  [
    "its own 404 on a call that is young by the server's clock alone",
    failed(404, { date: "Thu, 01 Jan 2026 02:00:00 GMT" }, missing("recordingId")),
    old,
    "not-ready",
    "give-up",
  ],
  ["its own 404 about the account", failed(404, {}, missing("accountId")), old, "login-refused", "stop"],
  ["its own 404 about something else", failed(404, {}, missing("extensionId")), old, "http-error", "give-up"],
  ["its own 404 about nothing by name", failed(404, {}, { errorCode: "CMN-102" }), old, "http-error", "give-up"],
  ["an empty 404", failed(404), old, "http-error", "give-up"],
  ["an empty 410", failed(410), old, "http-error", "give-up"],
  ["404 CMN-120", failed(404, {}, { errorCode: "CMN-120" }), old, "http-error", "give-up"],
  ["403 on one recording", failed(403, {}, { errorCode: "CMN-408" }), old, "forbidden", "give-up"],
  ["403 without the app's scope", failed(403, {}, scope), old, "permission-refused", "stop"],
  ["503", failed(503), old, "server-error", "retry"],
  ["a strange refusal", failed(418), old, "http-error", "give-up"],
])("judges %s", async (_, error, call, code, verdict) => {
  const classified = await withSource({ server, mediaServer }, (source) =>
    source.classifyFailure(error, ref(undefined, call), 0),
  );
  expect(classified).toMatchObject({ code, verdict });
  expect(classified.message).not.toBe("refused");
});

test("waits 60 s after a 429 that does not say how long", async () => {
  const classified = await withSource({ server, mediaServer }, (source) =>
    source.classifyFailure(failed(429), ref(), 0),
  );
  expect(classified).toMatchObject({ code: "rate-limited", verdict: "retry", retryAfterMs: 60_000 });
});

test("leaves 416 to whoever holds the partial file", async () => {
  const error = failed(416);
  expect(await withSource({ server, mediaServer }, (source) => source.classifyFailure(error, ref(), 0))).toBe(error);
});

test("follows a redirect, with the token only where it may go", async () => {
  await using fake = await openFake();
  const hosts = { server: fake.origin, mediaServer: fake.origin };
  await withSource(hosts, async (source) => {
    const target = ref(`${fake.origin}${content}`);
    for (const [location, authorization] of [
      ["https://cdn.example/audio?signature=1", undefined],
      [`${fake.origin}/restapi/v2/recording/401/content`, "Bearer ready"],
      ["/restapi/v3/content", "Bearer ready"],
    ]) {
      const first = await source.link(target, undefined, never);
      first.answered?.({ status: 302, headers: {} });
      const classified = source.classifyFailure(failed(302, { location }), target, 0);
      expect(classified.verdict).toBe("renew");
      expect(classified.message).not.toContain("signature");
      const second = await source.link(target, first, never);
      expect(second.url).toBe(new URL(location!, fake.origin).href);
      expect(second.headers.authorization).toBe(authorization);
      second.answered?.({ status: 200, headers: {} });
    }
    const third = await source.link(target, undefined, never);
    expect(third.url).toBe(`${fake.origin}${content}`);
    third.answered?.(undefined);
  });
});

test("resolves a relative redirect against the host that sent it, and sends that host no login", async () => {
  await withSource({ server, mediaServer }, async (source) => {
    for (const [location, url] of [
      ["https://cdn.example/a/b?sig=1", "https://cdn.example/a/b?sig=1"],
      ["/c?sig=2", "https://cdn.example/c?sig=2"],
      ["d", "https://cdn.example/d"],
      [`${mediaServer}${content}?back=1`, `${mediaServer}${content}?back=1`],
    ]) {
      expect(source.classifyFailure(failed(302, { location }), ref(), 0)).toMatchObject({ verdict: "renew" });
      expect(await source.link(ref(), undefined, never)).toMatchObject({ url, headers: {} });
    }
    expect(
      source.classifyFailure(failed(404, {}, missing("recordingId")), ref(undefined, old), 0).witness,
    ).toBeUndefined();
  });
});

test.each([400, 401, 403, 404, 410])("asks once for a fresh redirect when a storage host says %i", async (status) => {
  await withSource({ server, mediaServer }, async (source) => {
    const asked = ref(undefined, old);
    for (const verdict of ["renew", "give-up", "renew"]) {
      source.classifyFailure(failed(307, { location: "https://cdn.example/x?sig=1" }), asked, 0);
      const foreign = await source.link(asked, undefined, never);
      const classified = source.classifyFailure(failed(status, {}, missing("recordingId")), asked, 0);
      expect(classified).toMatchObject({ verdict, witness: undefined });
      expect(classified.message).toContain("cdn.example");
      expect(classified.message).not.toContain("sig");
      const fresh = await source.link(asked, foreign, never);
      expect(fresh).toMatchObject({ headers: { authorization: "Bearer ready" } });
      fresh.answered?.({ status: 307, headers: {} });
    }
  });
});

test.each([408, 429, 500, 503])(
  "tries again as told when a storage host says %i, without RingCentral's pause",
  async (status) => {
    await withSource({ server, mediaServer }, async (source) => {
      source.classifyFailure(failed(302, { location: "https://cdn.example/x" }), ref(), 0);
      await source.link(ref(), undefined, never);
      const classified = source.classifyFailure(failed(status, { "retry-after": "7" }), ref(), 0);
      expect(classified).toMatchObject({ code: "server-error", verdict: "retry", retryAfterMs: 7000 });
      const broken = new RecordingError("reset", "x");
      expect(source.classifyFailure(broken, ref(), 0)).toBe(broken);
    });
  },
);

test("follows neither redirects without end nor ones to plain http", async () => {
  await withSource({ server, mediaServer }, async (source) => {
    const verdicts: string[] = [];
    for (let hop = 0; hop < 6; hop += 1) {
      verdicts.push(source.classifyFailure(failed(302, { location: "https://cdn.example/" }), ref(), 0).verdict);
      if (hop < 5) await source.link(ref(), undefined, never);
    }
    expect(verdicts).toEqual(["renew", "renew", "renew", "renew", "renew", "give-up"]);
    for (const location of [
      "http://cdn.example/",
      "http://127.0.0.1/",
      "https://a:b@cdn.example/",
      "file:///x",
      "//",
    ]) {
      expect(source.classifyFailure(failed(302, { location }), ref(), 0)).toMatchObject({ code: "bad-answer" });
    }
    expect(source.classifyFailure(failed(302), ref(), 0)).toMatchObject({ code: "bad-answer", verdict: "give-up" });
  });
});

test("puts the token into an address only where that is asked for", async () => {
  const { url } = await withSource({ server, mediaServer }, (source) => source.direct(ref(), never));
  expect(url).toBe(`${mediaServer}/restapi/v1.0/account/~/recording/401/content?access_token=ready`);
});

test.each([200, 403, 404, 503])(
  "takes CMN-301 in a body for a rate limit, with status %i too, and sends nothing meanwhile",
  async (status) => {
    const clock = leapingClock();
    await using world = openWorld({ server, mediaServer }, { accessToken: "ready" }, clock);
    await using source = openRingCentral(world.settings, world.context);
    const link = await source.link(ref(undefined), undefined, never);
    const head = { status, headers: {} };
    link.answered?.(head);
    const error = new RecordingError("not-audio", "text", { head, body: JSON.stringify({ errorCode: "CMN-301" }) });
    expect(source.classifyFailure(error, ref(undefined), 0)).toMatchObject({
      code: "rate-limited",
      retryAfterMs: 60_000,
    });
    const before = clock.now();
    await source.link(ref(undefined), undefined, never);
    expect(clock.now() - before).toBeGreaterThanOrEqual(60_000);
  },
);
