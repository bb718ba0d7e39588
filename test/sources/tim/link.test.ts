import { expect, test } from "vitest";
import type { TimSettings } from "../../../src/sources/tim/index.ts";
import { echoLogin } from "../../../src/sources/tim/link.ts";
import { checkSettings } from "../../../src/sources/tim/settings.ts";
import { heldClock } from "../../helpers/held-clock.ts";
import { openScriptedServer, type Script } from "../../helpers/scripted-server.ts";
import { behindBasic, never, openFixture, recording, refusal } from "./fixture.ts";

const url = "http://ECHO01:8090/%7bx%7D?t=a%2fb+c";
const echo = () => ({ body: `\ufeff ${url}\r\n` });

test("a link is the address in the answer, byte for byte, with nothing of the login", async () => {
  const clock = heldClock(Date.UTC(2026, 4, 1));
  await using fixture = await openFixture(behindBasic(echo), {}, clock);
  const link = await fixture.source.link(recording(), undefined, never);
  expect({ ...link, answered: undefined }).toEqual({
    url,
    headers: {},
    resumable: false,
    takenAt: 0,
    staleAfterMs: 50_000,
    expiresAtMs: Date.UTC(2026, 4, 1) + 60_000,
    answered: undefined,
  });
});

test("three hundred links: each asked for by itself, with the row's ids and a salt that never repeats", async () => {
  await using fixture = await openFixture(
    behindBasic(({ query }) => ({ body: `http://echo/${encodeURIComponent(query.get("recordingid") ?? "")}` })),
  );
  const names = Array.from({ length: 300 }, (_, at) => `N ${at}\\&=+%`);
  const links = await Promise.all(
    names.map((name) => fixture.source.link(recording(name, "\\3\\", "4/5"), undefined, never)),
  );
  expect(links.map(({ url }) => url)).toEqual(names.map((name) => `http://echo/${encodeURIComponent(name)}`));
  const { seen } = fixture.tim;
  expect(new Set(seen.map(({ query }) => query.get("salt"))).size).toBe(seen.length);
  expect(seen.every(({ query }) => query.get("datasource") === "\\3\\" && query.get("voicelocation") === "4/5")).toBe(
    true,
  );
  expect(seen[5]?.url).toMatch(
    /^\/voice\.wav\?cmd=getvmsg&datasource=%5C3%5C&recordingid=N%20\d+%5C%26%3D%2B%25&voicelocation=4%2F5&salt=\d{18}$/,
  );
});

test("each repeat of one recording takes a new link with a new salt", async () => {
  let at = 0;
  await using fixture = await openFixture(() => ({ body: `http://echo/?token=${++at}` }));
  const first = await fixture.source.link(recording(), undefined, never);
  const second = await fixture.source.link(recording(), first, never);
  expect([first.url, second.url]).toEqual(["http://echo/?token=1", "http://echo/?token=2"]);
  expect(fixture.tim.seen[0]?.url).not.toBe(fixture.tim.seen[1]?.url);
});

test("format, template, age and resuming are settings", async () => {
  await using fixture = await openFixture(echo, {
    format: "mp3",
    urlTemplate: "{base}/web/{datasource}.{format}?r={voicefilename}&x={salt}",
    linkMaxAgeMs: 5_000,
    resumable: true,
  });
  const link = await fixture.source.link(recording(), undefined, never);
  expect(fixture.tim.seen[0]?.path).toBe("/web/3.mp3");
  expect([link.staleAfterMs, link.resumable]).toEqual([5_000, true]);
});

test("Echo is reached under the name that is given for it", async () => {
  await using fixture = await openFixture(echo, { echoRewrite: [{ from: "echo01", to: "127.0.0.1:81" }] });
  expect((await fixture.source.link(recording(), undefined, never)).url).toBe("http://127.0.0.1:81/%7bx%7D?t=a%2fb+c");
});

test("a link that was too long under way is thrown away and another is asked for", async () => {
  const clock = heldClock();
  let at = 0;
  await using fixture = await openFixture(
    async () => {
      at += 1;
      if (at === 1) await clock.advance(50_001);
      return { body: `http://echo/?token=${at}` };
    },
    {},
    clock,
  );
  const link = await fixture.source.link(recording(), undefined, never);
  expect(link.url).toBe("http://echo/?token=2");
  expect(link.takenAt).toBe(50_001);
});

test("a TIM that always takes too long is asked three times, then told so", async () => {
  const clock = heldClock();
  await using fixture = await openFixture(
    async () => {
      await clock.advance(60_000);
      return echo();
    },
    {},
    clock,
  );
  const error = await refusal(fixture.source.link(recording(), undefined, never));
  expect([error.code, error.verdict]).toEqual(["timeout", "retry"]);
  expect(fixture.tim.seen.length).toBe(3);
});

test("the time that others' logins take does not age a link", async () => {
  const clock = heldClock();
  let at = 0;
  const script = behindBasic(echo);
  await using fixture = await openFixture(
    async (request, response) => {
      at += 1;
      if (at === 1) await clock.advance(55_000);
      return script(request, response);
    },
    {},
    clock,
  );
  expect((await fixture.source.link(recording(), undefined, never)).takenAt).toBe(55_000);
  expect(at).toBe(2);
});

test.each([
  [400, {}, "bad-answer", "give-up", /--tim-url-template/],
  [403, {}, "forbidden", "give-up", /may not fetch tim\/3\/4\/NCS1 \(TIM answered 403\)/],
  [404, {}, "gone", "give-up", /has no tim\/3\/4\/NCS1/],
  [410, {}, "gone", "give-up", /has no/],
  [405, {}, "http-error", "give-up", /answered 405/],
  [429, { "retry-after": "7" }, "rate-limited", "retry", /limiting requests/],
  [500, {}, "server-error", "retry", /answered 500/],
  [503, { "retry-after": "30" }, "server-error", "retry", /answered 503/],
  [408, {}, "server-error", "retry", /answered 408/],
  [302, { location: "/login.asp" }, "bad-answer", "give-up", /to another page/],
  [302, { location: "http://echo01:8090/x?t=secret" }, "bad-answer", "give-up", /to echo01:8090 instead/],
  [301, {}, "bad-answer", "give-up", /to another page/],
  [302, { location: "http://127.0.0.1:9/x?t=secret" }, "bad-answer", "give-up", /to 127\.0\.0\.1:9 instead/],
])("status %i of a token request means what it says", async (status, headers, code, verdict, words) => {
  await using fixture = await openFixture(behindBasic(() => ({ status, headers: headers as Record<string, string> })));
  const error = await refusal(fixture.source.link(recording(), undefined, never));
  expect([error.code, error.verdict, error.head?.status]).toEqual([code, verdict, status]);
  expect(error.message).toMatch(words);
  expect(error.message).not.toContain("secret");
  expect(fixture.source.classifyFailure(error, recording(), 0)).toBe(error);
});

test.each<[string, Partial<TimSettings>, boolean]>([
  ["an address that only this setting makes up", { format: "mp3" }, true],
  ["an address that only this template makes up", { urlTemplate: "{base}/x?{voicefilename}" }, true],
  ["a server that asks for no login", {}, false],
])(
  "a 404 of %s does not mean that the recording is gone, until one link has come from there",
  async (_, settings, login) => {
    const guard = login ? behindBasic : (script: Script) => script;
    await using fixture = await openFixture(
      guard(() => ({ status: 404 })),
      settings,
    );
    const error = await refusal(fixture.source.link(recording(), undefined, never));
    expect([error.code, error.verdict]).toEqual(["bad-answer", "give-up"]);
    expect(error.message).toMatch(/no page .*--tim-url .*--format and --tim-url-template/);
    fixture.tim.play(guard(echo));
    await fixture.source.link(recording(), undefined, never);
    fixture.tim.play(guard(() => ({ status: 404 })));
    expect((await refusal(fixture.source.link(recording(), undefined, never))).code).toBe(
      login ? "gone" : "bad-answer",
    );
  },
);

test("Retry-After is honoured in full, in seconds or as a date by the server's own clock", async () => {
  await using fixture = await openFixture(() => ({ status: 503 }));
  const after = async (text: string) => {
    const date = "Fri, 01 May 2026 12:00:00 GMT";
    fixture.tim.play(() => ({ status: 503, headers: { "retry-after": text, date } }));
    return (await refusal(fixture.source.link(recording(), undefined, never))).retryAfterMs;
  };
  expect(await after("7")).toBe(7_000);
  expect(await after("Fri, 01 May 2026 12:00:09 GMT")).toBe(9_000);
  expect(await after("Fri, 01 May 2020 12:00:09 GMT")).toBe(0);
  expect(await after("86400")).toBe(86_400_000);
  expect(await after("soon")).toBeUndefined();
});

test("a server that sends everything on to https is named as the setting to change", async () => {
  await using fixture = await openFixture(({ url }) => ({
    status: 301,
    headers: { location: `https://127.0.0.1:4433${url}` },
  }));
  const error = await refusal(fixture.source.link(recording(), undefined, never));
  expect([error.code, error.verdict]).toEqual(["usage", "stop"]);
  expect(error.message).toBe("TIM sends every request on to https://127.0.0.1:4433: give that as --tim-url.");
});

test("an empty answer is a recording that does not exist, and a page is no address", async () => {
  await using fixture = await openFixture(() => ({ body: "\ufeff\r\n" }));
  expect((await refusal(fixture.source.link(recording(), undefined, never))).code).toBe("no-recording");
  fixture.tim.play(() => ({ status: 204 }));
  expect((await refusal(fixture.source.link(recording(), undefined, never))).code).toBe("no-recording");
  fixture.tim.play(() => ({ body: "<html>Log in</html>" }));
  expect((await refusal(fixture.source.link(recording(), undefined, never))).message).toContain("an HTML page");
  fixture.tim.play(() => ({ body: "x".repeat(2 * 1024 * 1024) }));
  expect((await refusal(fixture.source.link(recording(), undefined, never))).code).toBe("bad-answer");
});

test("a TIM that cannot be reached is told with the flag to check", async () => {
  const server = await openScriptedServer(echo);
  await server[Symbol.asyncDispose]();
  await using fixture = await openFixture(echo, { url: server.origin });
  const error = await refusal(fixture.source.link(recording(), undefined, never));
  expect([error.code, error.verdict]).toEqual(["unreachable", "retry"]);
  expect(error.message).toMatch(/^TIM cannot be reached\. .*connection refused.*--tim-url/);
});

test("what speaks no TLS ends the run, since no recording can be had", async () => {
  await using plain = await openScriptedServer(echo);
  await using fixture = await openFixture(echo, { url: plain.origin.replace("http:", "https:") });
  const error = await refusal(fixture.source.link(recording(), undefined, never));
  expect([error.code, error.verdict]).toEqual(["tls", "stop"]);
});

test("plain http to another machine is warned of once, to this one or over https never", async () => {
  const warnings = async (url: string) => {
    await using fixture = await openFixture(echo, { url });
    const stopped = AbortSignal.abort(new DOMException("stop", "AbortError"));
    for (let at = 0; at < 3; at += 1) await refusal(fixture.source.link(recording(), undefined, stopped));
    return fixture.events;
  };
  const [warning, ...more] = await warnings("http://tim.example:8090");
  expect(more).toEqual([]);
  expect(warning).toMatchObject({ event: "notice", level: "warning" });
  expect(JSON.stringify(warning)).toContain("plain http (tim.example:8090)");
  expect(await warnings("http://127.tim.example:8090")).toHaveLength(1);
  for (const url of ["https://tim.example", "http://localhost:1", "http://127.1.2.3:1", "http://[::1]:1"]) {
    expect(await warnings(url)).toEqual([]);
  }
});

test("Echo gets the login only when asked to, and only at a host that TIM's answer did not choose", async () => {
  const at = (host: string) => () => ({ body: `http://${host}/x` });
  await using fixture = await openFixture(at("127.0.0.1:9"), {
    echoAuth: true,
    echoRewrite: [{ from: "echo01", to: "echo.example" }],
  });
  const basic = { authorization: `Basic ${Buffer.from("export:s3cret").toString("base64")}` };
  expect((await fixture.source.link(recording(), undefined, never)).headers).toEqual(basic);
  fixture.tim.play(at("ECHO01:8090"));
  expect((await fixture.source.link(recording(), undefined, never)).headers).toEqual(basic);
  fixture.tim.play(at("evil.example"));
  const error = await refusal(fixture.source.link(recording(), undefined, never));
  expect([error.code, error.verdict]).toEqual(["foreign-host", "stop"]);
  expect(error.message).toContain("--echo-rewrite evil.example=evil.example");
});

test("a login that TIM gets over https is not sent to its Echo in the clear, unless that was confirmed", () => {
  const settings = {
    url: "https://tim.example",
    user: "export",
    password: "s3cret",
    format: "wav",
    echoAuth: true,
  } as const;
  const http = "http://tim.example:8080/x";
  const loginFor = (named: string, echoRewrite: readonly { from: string; to: string }[] = []) =>
    echoLogin(named, named, checkSettings({ ...settings, echoRewrite }, Math.random));
  expect(() => loginFor(http)).toThrow(/over plain http.*--echo-rewrite tim.example:8080=tim.example:8080/);
  expect(loginFor(http, [{ from: "tim.example:8080", to: "tim.example:8080" }])).toMatch(/^Basic /);
  expect(loginFor("https://tim.example:8443/x")).toMatch(/^Basic /);
});

test("a recording that the ledger holds without ids is given up without a request", async () => {
  await using fixture = await openFixture(echo);
  const error = await refusal(fixture.source.link({ ...recording(), key: "tim/x", locator: {} }, undefined, never));
  expect([error.code, error.verdict]).toEqual(["bad-rows", "give-up"]);
  expect(fixture.tim.seen).toEqual([]);
});

test("an interrupted request ends at once", async () => {
  await using fixture = await openFixture(() => new Promise(() => {}));
  const abort = new AbortController();
  const asked = refusal(fixture.source.link(recording(), undefined, abort.signal));
  setTimeout(() => abort.abort(new DOMException("stop", "AbortError")), 20);
  expect((await asked).code).toBe("interrupted");
});
