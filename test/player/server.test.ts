import { execFileSync } from "node:child_process";
import { createHash, randomInt } from "node:crypto";
import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { get as getSecurely } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { urlToHttpOptions } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { Player } from "../../src/player/server.ts";
import { type CallsServer, callRef, plainSource, serveCalls, smallWav } from "../helpers/calls-server.ts";
import { freePort } from "../helpers/database-server.ts";
import { ask, cookieOf, enter, json, openPlayedArchive, type PlayedArchive } from "./played-archive.ts";

let played: PlayedArchive;
let player: Player;
let cookie: string;

const audio = smallWav("one", 3);
const one = "/r/ringcentral/4001";

beforeEach(async () => {
  played = await openPlayedArchive();
  await played.keep("ringcentral", "4001", { start: "2026-11-03T10:00:00.000Z", from: "+442071838750" }, audio);
  player = await played.open();
  cookie = await enter(player);
});
afterEach(() => played[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  ask(player.address, path, { method, headers: { cookie, ...headers } });

test("a whole recording comes with its type, length and SHA-256 as its tag", async () => {
  const { status, headers, body } = await get(one);
  expect(status).toBe(200);
  expect(body.equals(audio)).toBe(true);
  expect(headers).toMatchObject({
    "content-type": "audio/wav",
    "content-length": String(audio.length),
    "accept-ranges": "bytes",
    etag: `"${createHash("sha256").update(audio).digest("hex")}"`,
  });
});

test("twenty random ranges are exact to the byte", async () => {
  for (let turn = 0; turn < 20; turn += 1) {
    const start = randomInt(audio.length);
    const end = randomInt(start, audio.length);
    const { status, headers, body } = await get(one, { range: `bytes=${start}-${end}` });
    expect(status).toBe(206);
    expect(headers["content-range"]).toBe(`bytes ${start}-${end}/${audio.length}`);
    expect(body.equals(audio.subarray(start, end + 1))).toBe(true);
  }
});

test("a range behind the end is refused with the size, the last bytes are given, several ranges are the whole file", async () => {
  const behind = await get(one, { range: `bytes=${audio.length}-` });
  expect(behind.status).toBe(416);
  expect(behind.headers["content-range"]).toBe(`bytes */${audio.length}`);
  const last = await get(one, { range: "bytes=-100" });
  expect(last.body.equals(audio.subarray(-100))).toBe(true);
  expect((await get(one, { range: "bytes=0-1,5-6" })).status).toBe(200);
});

test("If-Range gives the part only when the tag is still right, If-None-Match spares what is known", async () => {
  const { headers } = await get(one, {}, "HEAD");
  const etag = headers.etag as string;
  expect((await get(one, { range: "bytes=0-9", "if-range": etag })).status).toBe(206);
  expect((await get(one, { range: "bytes=0-9", "if-range": '"other"' })).status).toBe(200);
  const known = await get(one, { "if-none-match": etag });
  expect([known.status, known.body.length]).toEqual([304, 0]);
});

test("HEAD tells everything and sends nothing", async () => {
  const { status, headers, body } = await get(one, {}, "HEAD");
  expect([status, headers["content-length"], body.length]).toEqual([200, String(audio.length), 0]);
});

test("a download has the file's name", async () => {
  const { headers } = await get(`${one}?download`);
  expect(headers["content-disposition"]).toContain('attachment; filename="4001.wav"');
});

test("the key opens once with a cookie that scripts and other sites cannot use, and stays out of the address", async () => {
  const { search } = new URL(player.entrance);
  const answer = await ask(player.address, `${one}${search}`);
  expect([answer.status, answer.headers.location]).toEqual([302, one]);
  expect(answer.headers["set-cookie"]?.[0]).toMatch(/HttpOnly; SameSite=Strict$/);
  expect((await ask(player.address, `//evil.example/${search}`)).headers.location).toBe("/evil.example/");
  expect((await ask(player.address, "/?key=wrong")).status).toBe(401);
});

test("a key for one use is good once", async () => {
  const { pathname, search } = new URL(player.entranceOnce());
  expect((await ask(player.address, pathname + search)).status).toBe(302);
  expect((await ask(player.address, pathname + search)).status).toBe(401);
});

test.each(["/", one, "/api/recordings", "/api/peaks/ringcentral/4001", "/player.js", "/r/ringcentral/nothing"])(
  "without a cookie %s is 401 and tells nothing",
  async (path) => {
    for (const headers of [{}, { cookie: cookie.replace(/=.*/, "=guessed") }]) {
      const { status, body } = await ask(player.address, path, { headers });
      expect(status).toBe(401);
      expect(body.toString()).toBe('{"message":"Log in first."}\n');
    }
  },
);

test.each([
  { host: "evil.example" },
  { host: "127.0.0.1" },
  { origin: "http://evil.example" },
  { origin: "null" },
  { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
])("a foreign request is refused even with the cookie: %o", async (headers) => {
  for (const path of ["/", one, "/api/recordings"]) {
    const { status, body } = await get(path, headers as unknown as Record<string, string>);
    expect(status).toBe(403);
    expect(body.toString()).not.toContain("4001");
  }
});

test.each([
  "/r/..%2f..%2fetc%2fpasswd",
  "/r/../../etc/passwd",
  "/r/ringcentral/..%2f4001",
  "/r/ringcentral/%2e%2e",
  "/r/ringcentral/%",
  "/r/ringcentral/4001/",
  "/r/ringcentral/unknown",
  "/r/tim/3/4/unknown",
  "/r/",
  "/.callreel/ledger.db",
  "/ringcentral/4001.wav",
])("%s is not there", async (path) => {
  const { status, body } = await get(path);
  expect(status).toBe(404);
  expect(body.toString()).not.toContain(played.root);
});

test("a recording whose file became a link, or lies behind one, or changed its size, is not served", async () => {
  const file = join(played.root, "ringcentral", "4001.wav");
  const outside = join(played.root, "..", `outside-${process.pid}.wav`);
  renameSync(file, outside);
  symlinkSync(outside, file);
  expect((await get(one)).status).toBe(404);
  rmSync(file);
  renameSync(outside, file);
  expect((await get(one)).status).toBe(200);
  renameSync(join(played.root, "ringcentral"), join(played.root, "elsewhere"));
  symlinkSync(join(played.root, "elsewhere"), join(played.root, "ringcentral"));
  expect((await get(one)).status).toBe(404);
  rmSync(join(played.root, "ringcentral"));
  renameSync(join(played.root, "elsewhere"), join(played.root, "ringcentral"));
  writeFileSync(file, audio.subarray(0, 100));
  expect((await get(one)).status).toBe(404);
});

test("every answer forbids other hosts, guessing and telling onward", async () => {
  for (const path of ["/", one, "/api/recordings", "/nothing"]) {
    const { headers } = await get(path);
    expect(headers["content-security-policy"]).toMatch(/^default-src 'none';/);
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "same-origin" });
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  }
});

test("only reading is possible", async () => {
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) expect((await get(one, {}, method)).status).toBe(405);
});

test("logging out ends the cookie", async () => {
  const out = await get("/logout", {}, "POST");
  expect(out.status).toBe(302);
  expect((await get(one)).status).toBe(401);
});

test("a listening is one line in the audit log, however many requests it takes; looking is none", async () => {
  await get("/api/recordings");
  await get("/api/peaks/ringcentral/4001");
  await get(one, {}, "HEAD");
  for (const range of ["bytes=0-99", "bytes=100-199"]) await get(one, { range });
  await get(`${one}?download`);
  const audits = await played.ledger.lastAudits(10);
  expect(audits.map(({ by }) => by)).toEqual(["the holder of the key", "the holder of the key"]);
  expect(audits.map(({ action, key, detail }) => [action, key, detail])).toEqual([
    ["playback", "ringcentral/4001", "downloaded by the holder of the key"],
    ["playback", "ringcentral/4001", "listened by the holder of the key"],
  ]);
});

test("the port of another player is told with what to do", async () => {
  const port = Number(new URL(player.address).port);
  await expect(played.open({}, { port })).rejects.toThrow(/--port/);
});

async function withSource(work: (calls: CallsServer, open: (change?: object) => Promise<void>) => Promise<void>) {
  await using calls = await serveCalls((id, _nth, _request, response) => {
    if (id !== "absent") return false;
    response.writeHead(404).end();
    return true;
  });
  const named = (path: string) =>
    path.startsWith("/r/tim/1/2/") ? callRef(path.slice("/r/tim/1/2/".length), "2026-11-05T08:00:00") : undefined;
  await work(calls, async (change = {}) => {
    player = await played.open({ missing: await played.missing(plainSource(calls, { named, ...change })) });
    cookie = await enter(player);
  });
}

test("fifty listeners to a recording that is not there cost one request, and later ones none", async () => {
  await withSource(async (calls, open) => {
    await open();
    const answers = await Promise.all(Array.from({ length: 50 }, () => get("/r/tim/1/2/fresh")));
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body.equals(smallWav("fresh"))).toBe(true);
    }
    await get("/r/tim/1/2/fresh", { range: "bytes=100-" });
    expect(calls.requests.get("fresh")).toBe(1);
    const entry = await played.ledger.entry("tim/1/2/fresh");
    expect([entry?.state, entry?.stored?.path]).toEqual(["done", expect.stringMatching(/^tim\/2026\/11\/05\//)]);
  });
});

test("several missing recordings come one after the other and at once, each run on record", async () => {
  await withSource(async (calls, open) => {
    await open();
    expect((await get("/r/tim/1/2/a")).status).toBe(200);
    const answers = await Promise.all(["b", "c", "d", "e", "f", "g"].map((id) => get(`/r/tim/1/2/${id}`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(calls.requests.size).toBe(7);
    await expect.poll(async () => (await played.ledger.lastRuns(9)).reduce((sum, { done }) => sum + done, 0)).toBe(7);
    expect((await played.ledger.verifyRunChain()).broken).toBeUndefined();
  });
});

test("what the source does not have is 404", async () => {
  await withSource(async (calls, open) => {
    await open();
    expect((await get("/r/tim/1/2/absent")).status).toBe(404);
    expect(calls.requests.get("absent")).toBe(1);
    expect((await get("/r/tim/9/9/other-system")).status).toBe(404);
    // A mistyped link leaves nothing that a report would have to explain.
    expect(await played.ledger.entry("tim/1/2/absent")).toBeUndefined();
    expect((await played.ledger.summary()).filter(({ state }) => state !== "done")).toEqual([]);
  });
});

test("a refused login at the source is told without its words, and the next listener is tried anew", async () => {
  await withSource(async (_calls, open) => {
    let refused = true;
    const link = async () => {
      if (refused) throw new RecordingError("login-refused", "user archive at tim.internal was refused");
      return { url: `${_calls.url}/late`, headers: {}, resumable: true, takenAt: 0 };
    };
    await open({ link });
    const answer = await get("/r/tim/1/2/late");
    expect(answer.status).toBe(502);
    expect(answer.body.toString()).not.toContain("tim.internal");
    refused = false;
    expect((await get("/r/tim/1/2/late")).status).toBe(200);
  });
});

test("while the source lets nobody through, a listener is told how long it takes, and the fetch goes on", async () => {
  await withSource(async (calls) => {
    let letThrough = () => {};
    const gate = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    const link = async () => {
      await gate;
      return { url: `${calls.url}/slow`, headers: {}, resumable: true, takenAt: 0 };
    };
    const named = (path: string) => callRef(path.split("/").at(-1) as string);
    const missing = await played.missing(plainSource(calls, { named, link }));
    player = await played.open({ missing });
    cookie = await enter(player);
    missing.fetches.hear({ event: "waiting", reason: "penalty", untilMs: Date.now() + 4_200_000 });
    const answer = await get("/r/tim/1/2/slow");
    expect(answer.status).toBe(503);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(4_000);
    expect(json<{ message: string }>(answer).message).toMatch(/in about 4[12]\d\d s/);
    letThrough();
    await missing.fetches.close();
    expect((await get("/r/tim/1/2/slow")).status).toBe(200);
    expect(calls.requests.get("slow")).toBe(1);
  });
});

test("two archives are one list, and each recording plays from its own", async () => {
  await using other = await openPlayedArchive();
  await other.keep("ringcentral", "5001", { start: "2026-11-04T10:00:00.000Z" });
  const { openArchiveSet } = await import("../../src/player/library/archive-set.ts");
  const archiveSet = openArchiveSet([
    { store: played.store, ledger: played.ledger, library: played.library },
    { store: other.store, ledger: other.ledger, library: other.library },
  ]);
  player = await played.open({ archiveSet });
  cookie = await enter(player);
  const { recordings } = json<{ recordings: { id: string }[] }>(await get("/api/recordings"));
  expect(recordings.map(({ id }) => id)).toEqual(["5001", "4001"]);
  expect((await get("/r/ringcentral/5001")).body.equals(smallWav("5001"))).toBe(true);
  expect(cookieOf(await get("/"))).toBe("");
});

test("with a certificate the player speaks https, and its cookie travels over nothing else", async () => {
  const pem = (name: string) => join(played.root, name);
  const files = ["-keyout", pem("key.pem"), "-out", pem("cert.pem")];
  const options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", ...options, "-subj", "/CN=localhost", ...files], { stdio: "ignore" });
  const [cert, key] = [readFileSync(pem("cert.pem"), "utf8"), readFileSync(pem("key.pem"), "utf8")];
  player = await played.open({}, { tls: { cert, key } });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    getSecurely(
      { ...urlToHttpOptions(new URL(player.entrance)), ca: cert, checkServerIdentity: () => undefined },
      resolve,
    ).on("error", reject);
  });
  answer.resume();
  expect(answer.statusCode).toBe(302);
  expect(answer.headers["set-cookie"]?.[0]).toMatch(/^__Host-callreel=.*; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
  await expect(played.open({}, { tls: { cert: "none", key: "none" } })).rejects.toThrow(/--tls-cert/);
});

test("behind a proxy the player answers to the proxy's name, with a cookie for https alone", async () => {
  const port = await freePort();
  player = await played.open({}, { playerUrl: "https://calls.example", port });
  const { origin, search } = new URL(player.entrance);
  expect(origin).toBe("https://calls.example");
  const here = `http://127.0.0.1:${port}`;
  const headers = { host: "calls.example" };
  const answer = await ask(here, `/${search}`, { headers });
  expect(answer.headers["set-cookie"]?.[0]).toMatch(/^__Host-callreel=.*; Secure$/);
  const out = await ask(here, "/logout", {
    method: "POST",
    headers: { ...headers, origin: "https://calls.example", cookie: cookieOf(answer) },
  });
  expect(out.status).toBe(302);
  expect((await ask(here, "/", { headers: { host: "calls.example:8080" } })).status).toBe(403);
});

test.each([
  ["two Host headers", (host: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\n\r\n`],
  ["a Host header twice the same", (host: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\nhost: ${host}\r\n\r\n`],
  ["a whole URL", (host: string) => `GET http://evil.example/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
])("%s in one request are answered with 400", async (_, requestTo) => {
  const { hostname, port, host } = new URL(player.address);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(requestTo(host)));
    socket.setEncoding("utf8").once("data", (text: string) => {
      resolve(text);
      socket.destroy();
    });
    socket.on("error", reject);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});

test.each([
  ["/?key=wrong", 401, "This link no longer works"],
  ["/r/ringcentral/unknown", 404, "Not found"],
  ["/nowhere", 404, "Not found"],
  ["/r/ringcentral/%", 404, "Not found"],
])("%s opened in a browser is a page that says what to do; to programs it stays JSON", async (path, status, title) => {
  const page = await get(path, { accept: "text/html,application/xhtml+xml,*/*;q=0.8" });
  expect([page.status, page.headers["content-type"]]).toEqual([status, "text/html; charset=utf-8"]);
  expect(page.headers["content-security-policy"]).toContain("script-src 'self'");
  expect(page.body.toString()).toContain(`<h1>${title}</h1>`);
  for (const accept of [undefined, "*/*", "application/json", "audio/*"]) {
    const answer = await get(path, accept === undefined ? {} : { accept });
    expect(answer.status).toBe(status);
    expect(Object.keys(json<object>(answer))).toEqual(["message"]);
  }
});

test("the list is had as CSV that no spreadsheet calculates, by whoever is logged in, and the audit log knows", async () => {
  const call = {
    start: "2026-11-04T23:30:00.000Z",
    direction: "inbound" as const,
    extension: "101",
    user: "Zoë Müller",
  };
  await played.keep("ringcentral", "4002", { ...call, from: "=cmd|' /C calc'!A0", name: 'a "b", c' });
  const path = "/api/recordings.csv?from=2026-11-01&zone=Europe/Berlin";
  const { status, headers, body } = await get(path);
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": 'attachment; filename="call-recordings.csv"',
  });
  const lines = body.toString().split("\r\n");
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^\ufeffDate,Time,Direction,From,To,Extension,Agent,Name,/);
  expect(lines[1]).toBe(
    `2026-11-05,00:30:00,inbound,'=cmd|' /C calc'!A0,,101,Zoë Müller,"a ""b"", c",0.25,RingCentral,yes,4002,${player.address}/r/ringcentral/4002`,
  );
  const records = (await played.ledger.lastAudits(10)).filter(({ action }) => action === "export");
  expect(records).toHaveLength(1);
  expect(records[0]).toMatchObject({ by: "the holder of the key" });
  expect(records[0]?.detail).toContain('with from "2026-11-01", as CSV');
  expect((await ask(player.address, path)).status).toBe(401);
  expect(await played.ledger.lastAudits(10)).toHaveLength(1);
});

test("where the audit log wants reasons, the list is had as CSV with one only, which stands there", async () => {
  const strict = await played.open({}, { reasonRequired: true });
  const login = { headers: { cookie: await enter(strict) } };
  const path = "/api/recordings.csv?from=2026-11-01";
  for (const reason of ["", "&reason=", "&reason=%20"]) {
    expect((await ask(strict.address, path + reason, login)).status).toBe(403);
  }
  expect((await ask(strict.address, `${path}&reason=claim%207`, login)).status).toBe(200);
  expect((await played.ledger.lastAudits(1))[0]).toMatchObject({ action: "export", reason: "claim 7" });
  expect(JSON.parse((await ask(strict.address, "/api/me", login)).body.toString())).toMatchObject({
    reasonRequired: true,
  });
});

test("a date that nobody can read is refused, not passed over", async () => {
  for (const path of ["/api/recordings", "/api/total", "/api/recordings.csv"]) {
    const answer = await get(`${path}?from=soon`);
    expect(answer.status).toBe(400);
    expect(json<{ message: string }>(answer).message).toBe(
      '"soon" is not a date; write it like 5 Oct 2026, October 2026, yesterday or 2026-10-05.',
    );
  }
  const { days } = json<{ days: object }>(await get("/api/recordings?text=5/10/2026&locale=en-US"));
  expect(days).toEqual({ from: "2026-05-10", to: "2026-05-10" });
});
