import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { Clock } from "../../src/core/model/ports.ts";
import type { Player } from "../../src/player/server.ts";
import { callRef, plainSource, smallWav } from "../helpers/calls-server.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { type HeldServer, serveHeld } from "../helpers/held-server.ts";
import { ask, enter, hear, openPlayedArchive, type PlayedArchive } from "./played-archive.ts";

let played: PlayedArchive;
let server: HeldServer;
let player: Player;
let cookie: string;
let missing: Awaited<ReturnType<PlayedArchive["missing"]>>;

const body = smallWav("slow", 20);
const path = "/r/tim/1/2/slow";

beforeEach(async () => {
  played = await openPlayedArchive();
  server = await serveHeld();
  await reopen();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await missing.fetches.close();
  await played[Symbol.asyncDispose]();
});

async function reopen(retries = 0, clock?: Clock): Promise<void> {
  const named = (text: string) =>
    text.startsWith("/r/tim/1/2/") ? callRef(text.slice("/r/tim/1/2/".length), "2026-11-05T08:00:00") : undefined;
  missing = await played.missing(plainSource(server, { named }), retries);
  player = await played.open({ missing, ...(clock && { clock }) });
  cookie = await enter(player);
}

const listen = (headers: Record<string, string> = {}, query = "") =>
  hear(player.address, path + query, { cookie, ...headers });
const stored = () => played.ledger.entry("tim/1/2/slow");

test("a recording is heard while it is written, and whoever has all of it has what the archive has", async () => {
  const hearing = listen();
  const held = await server.request(1, body);
  await held.upTo(100_000);
  const { status, headers, heard, end } = await hearing;
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    "content-type": "audio/wav",
    "content-length": String(body.length),
    "accept-ranges": "bytes",
  });
  expect(headers.etag).toBeUndefined();
  expect((await heard(100_000)).equals(body.subarray(0, 100_000))).toBe(true);
  await held.rest();
  expect(((await end()) as Buffer).equals(body)).toBe(true);
  expect((await stored())?.state).toBe("done");
  expect((await listen()).headers.etag).toMatch(/^"[0-9a-f]{64}"$/);
  expect(server.requests.get("slow")).toBe(1);
});

test("any part can be asked for at any time: what is here comes at once, what is not is waited for", async () => {
  const first = listen();
  const held = await server.request(1, body);
  await held.upTo(100_000);
  await (await first).heard(1000);
  const cases: [string, number, number][] = [
    ["bytes=0-", 0, body.length - 1],
    ["bytes=5000-5999", 5000, 5999],
    ["bytes=99000-110000", 99_000, 110_000],
    ["bytes=200000-", 200_000, body.length - 1],
    ["bytes=-1000", body.length - 1000, body.length - 1],
  ];
  const parts = await Promise.all(cases.map(([range]) => listen({ range })));
  expect((await parts[1]!.end()).toString("latin1")).toBe(body.subarray(5000, 6000).toString("latin1"));
  expect((await parts[2]!.heard(1000)).length).toBeLessThan(2000);
  const { status, headers } = await ask(player.address, path, { method: "HEAD", headers: { cookie } });
  expect([status, headers["content-length"]]).toEqual([200, String(body.length)]);
  const behind = await ask(player.address, path, { headers: { cookie, range: `bytes=${body.length}-` } });
  expect([behind.status, behind.headers["content-range"]]).toEqual([416, `bytes */${body.length}`]);
  await held.rest();
  for (const [at, [, start, end]] of cases.entries()) {
    expect(parts[at]?.status).toBe(206);
    expect(parts[at]?.headers["content-range"]).toBe(`bytes ${start}-${end}/${body.length}`);
    expect(((await parts[at]!.end()) as Buffer).equals(body.subarray(start, end + 1))).toBe(true);
  }
  expect(server.requests.get("slow")).toBe(1);
});

test("an If-Range never holds while there is no tag that could be right: the whole recording comes", async () => {
  const first = listen();
  const held = await server.request(1, body);
  await held.upTo(50_000);
  await (await first).heard(1000);
  const hearing = await listen({ range: "bytes=100-199", "if-range": '"whatever"' });
  expect([hearing.status, hearing.headers["content-range"]]).toEqual([200, undefined]);
  await held.rest();
  expect(((await hearing.end()) as Buffer).equals(body)).toBe(true);
});

test("a recording of unknown length comes in chunks and without parts", async () => {
  const hearing = listen({ range: "bytes=100-199" });
  const held = await server.request(1, body, { headers: { "content-length": undefined } });
  await held.upTo(50_000);
  const { status, headers, end, heard } = await hearing;
  expect([status, headers["transfer-encoding"], headers["accept-ranges"]]).toEqual([200, "chunked", "none"]);
  await heard(40_000);
  await held.rest();
  expect(((await end()) as Buffer).equals(body)).toBe(true);
});

test("nothing leaves before the first bytes are known to be audio, and what is none is refused as ever", async () => {
  let begun = false;
  const hearing = listen().finally(() => {
    begun = true;
  });
  const page = Buffer.from(`<!doctype html><html><body><form>${" ".repeat(3000)}log in</form></body></html>`);
  const held = await server.request(1, page);
  await held.upTo(2000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(begun).toBe(false);
  await held.rest();
  expect((await hearing).status).toBe(502);
});

test("what turns out broken at its very end is not given out as a whole", async () => {
  const short = body.subarray(0, 100_000);
  const hearing = listen();
  const held = await server.request(1, short, { headers: { "content-length": undefined } });
  await held.upTo(99_000);
  await (await hearing).heard(99_000);
  await held.rest();
  expect(await (await hearing).end()).toBe("cut");
  expect((await stored())?.state).not.toBe("done");
});

test("a recording that comes quickly has its tag, and one that is broken is refused in words", async () => {
  // No machine is too slow to be quick by a clock that stands still.
  await reopen(0, heldClock());
  const short = body.subarray(0, 100_000);
  const broken = listen();
  await (await server.request(1, short, { headers: { "content-length": undefined } })).rest();
  expect((await broken).status).toBe(502);
  const whole = listen();
  await (await server.request(2, body)).rest();
  expect((await whole).headers.etag).toMatch(/^"[0-9a-f]{64}"$/);
});

test("a fetch that continues after a broken connection goes on where the listeners are", async () => {
  await reopen(2);
  const etag = '"v1"';
  const hearing = listen();
  const first = await server.request(1, body, { headers: { etag, "accept-ranges": "bytes" } });
  await first.upTo(100_000);
  await (await hearing).heard(100_000);
  first.cut();
  const range = `bytes 100000-${body.length - 1}/${body.length}`;
  const second = await server.request(2, body, {
    status: 206,
    headers: { etag, "content-range": range },
    from: 100_000,
  });
  expect(second.request.headers.range).toBe("bytes=100000-");
  await second.upTo(150_000);
  expect((await (await hearing).heard(150_000)).length).toBe(150_000);
  const late = await listen();
  await second.rest();
  for (const each of [await hearing, late]) expect(((await each.end()) as Buffer).equals(body)).toBe(true);
});

test("a fetch that starts over brings the same bytes, and the listeners notice nothing", async () => {
  await reopen(2);
  const hearing = listen();
  const first = await server.request(1, body);
  await first.upTo(100_000);
  await (await hearing).heard(100_000);
  first.cut();
  const second = await server.request(2, body);
  await second.upTo(60_000);
  second.cut();
  const third = await server.request(3, body);
  await third.upTo(120_000);
  await (await hearing).heard(120_000);
  await third.rest();
  expect(((await (await hearing).end()) as Buffer).equals(body)).toBe(true);
});

test.each([
  ["the same length", smallWav("masked", 20), {}],
  ["another length", smallWav("masked", 30), {}],
  ["no length", smallWav("masked", 20), { "content-length": undefined }],
])(
  "a fetch that starts over with other bytes of %s cuts who has the old ones off, never mixing them",
  async (...given) => {
    const [, other, headers] = given;
    await reopen(1);
    const hearing = listen();
    const first = await server.request(1, body);
    await first.upTo(100_000);
    await (await hearing).heard(100_000);
    first.cut();
    const second = await server.request(2, other, { headers });
    await second.upTo(150_000);
    expect(await (await hearing).end()).toBe("cut");
    const late = listen();
    await second.rest();
    expect(((await (await late).end()) as Buffer).equals(other)).toBe(true);
    expect((await stored())?.state).toBe("done");
  },
);

test("a fetch that fails in the middle cuts its listeners off; the next one tries anew", async () => {
  const hearing = listen();
  const held = await server.request(1, body);
  await held.upTo(100_000);
  await (await hearing).heard(100_000);
  held.cut();
  expect(await (await hearing).end()).toBe("cut");
  const again = listen();
  await (await server.request(2, body)).rest();
  expect(((await (await again).end()) as Buffer).equals(body)).toBe(true);
});

test("what an earlier run had of the recording is heard at once", async () => {
  const etag = '"v1"';
  const before = listen();
  const first = await server.request(1, body, { headers: { etag, "accept-ranges": "bytes" } });
  await first.upTo(300_000);
  await (await before).heard(300_000);
  first.cut();
  await (await before).end();
  await reopen();
  const hearing = listen();
  const second = await server.request(2, body, {
    status: 206,
    headers: { etag, "content-range": `bytes 300000-${body.length - 1}/${body.length}` },
    from: 300_000,
  });
  second.response.flushHeaders();
  expect((await (await hearing).heard(300_000)).equals(body.subarray(0, 300_000))).toBe(true);
  await second.rest();
  expect(((await (await hearing).end()) as Buffer).equals(body)).toBe(true);
});

test("a listener who leaves, and one who takes nothing, hold nobody up", async () => {
  const long = smallWav("long", 1200);
  const leaving = listen();
  const lazy = listen();
  const held = await server.request(1, long);
  await held.upTo(100_000);
  (await lazy).pause();
  await (await leaving).heard(50_000);
  (await leaving).leave();
  await held.rest();
  await expect.poll(async () => (await stored())?.state).toBe("done");
  expect(((await (await lazy).end()) as Buffer).equals(long)).toBe(true);
  expect(server.requests.get("slow")).toBe(1);
});

test("a listening is written down before anything is heard, and a download has its name", async () => {
  const hearing = listen({}, "?download");
  const held = await server.request(1, body);
  await held.upTo(50_000);
  expect((await hearing).headers["content-disposition"]).toMatch(/filename="2026-11-05_.*slow.*\.wav"/);
  const [audit] = await played.ledger.lastAudits(1);
  expect([audit?.action, audit?.key, audit?.detail]).toEqual([
    "playback",
    "tim/1/2/slow",
    "downloaded by the holder of the key",
  ]);
  await held.rest();
});

test("nothing is left behind: no file, no open file", async () => {
  const hearings = Array.from({ length: 20 }, () => listen());
  const held = await server.request(1, body);
  await held.upTo(100_000);
  (await hearings[0])?.leave();
  await held.rest();
  for (const each of hearings.slice(1)) await (await each).end();
  const folder = join(played.root, ".callreel", "partial");
  expect(readdirSync(folder)).toEqual([]);
  await expect.poll(() => openFiles().filter((file) => file.includes(folder))).toEqual([]);
});

function openFiles(): string[] {
  return readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
}

test("a full disk that cannot even note what is given back ends the fetch with its reason", async () => {
  const refuse = async () => {
    throw new RecordingError("disk-full", "The disk is full.");
  };
  Object.assign(played.ledger, { done: refuse, release: refuse });
  await reopen();
  const { done } = missing.fetches.fetch(callRef("slow", "2026-11-05T08:00:00"));
  await (await server.request(1, body)).rest();
  await expect(done).rejects.toMatchObject({ code: "disk-full" });
});
