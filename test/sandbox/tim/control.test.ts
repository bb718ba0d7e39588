import { afterAll, expect, test } from "vitest";
import { isRecorded, makeCalls } from "../../../src/sandbox/tim/calls.ts";
import { callsCsv } from "../../../src/sandbox/tim/calls-csv.ts";
import { openTimSandbox } from "../../../src/sandbox/tim/index.ts";
import { stillClock } from "../../helpers/sandbox-clocks.ts";
import { ask, askToken, openSmallTim, tokenUrl, voiceTarget } from "./client.ts";

const tim = await openSmallTim();
const call = tim.recordings()[0]!;
afterAll(() => tim.close());

const control = async (body: unknown) => {
  const { status, text } = await ask(`${tim.timUrl}/_sandbox/control`, { method: "POST", body: JSON.stringify(body) });
  return { status, said: JSON.parse(text) };
};
const read = async (page: string) => JSON.parse((await ask(`${tim.timUrl}/_sandbox/${page}`)).text);

test("settings, clock and statistics are reached from outside without a login", async () => {
  const { status } = await control({ settings: { token: { ttlMs: 1_000, expired: "410" } }, clear: true });
  expect(status).toBe(200);
  const url = await tokenUrl(tim);
  await control({ advanceMs: 1_000 });
  expect((await ask(url)).status).toBe(410);
  expect(await read("stats")).toMatchObject({ tokensIssued: 1, expiredTokens: 1 });
  expect((await read("settings")).token).toMatchObject({ ttlMs: 1_000, singleUse: false });
  expect(await read("rows")).toEqual(tim.rows());
});

test("a patch merges groups, and replaces lists and maps that are keyed by recording", async () => {
  await control({ settings: { audio: { masked: { a: [[0, 1]] } }, access: { outOfScope: ["x"] } } });
  await control({ settings: { audio: { masked: { b: [[1, 2]] } }, access: { outOfScope: [] } } });
  expect(tim.settings.audio.masked).toEqual({ b: [[1, 2]] });
  expect(tim.settings.access).toMatchObject({ outOfScope: [], look: "403" });
});

test.each([
  [{ settings: { login: { mod: "basic" } } }, /settings\.login\.mod is not a setting/],
  [{ settings: { login: { mode: "kerberos" } } }, /one of basic, digest/],
  [{ settings: { token: { ttlMs: "60" } } }, /must be a number/],
  [{ settings: { token: { ttlMs: -1 } } }, /0 or more/],
  [{ settings: { login: { algorithms: ["SHA-1"] } } }, /one of MD5/],
  [{ settings: { faults: [{ on: "echo", do: "explode" }] } }, /faults\[0\]\.do/],
  [{ settings: { faults: [{ on: "echo", do: "reset", after: 1 }] } }, /faults\[0\]\.after/],
  [{ settings: { faults: [{ on: "echo", do: "reset", times: "1" }] } }, /faults\[0\]\.times/],
  [{ settings: { audio: { only: { a: { codec: "opus" } } } } }, /only\.a\.codec/],
  [{ settings: { audio: { masked: { a: [[1]] } } } }, /\[from, to\]/],
  [{ settings: { __proto__: null, constructor: {} } }, /not a setting/],
  [{ advanceMs: "1" }, /advanceMs/],
  [{ clock: 1 }, /clock is not known/],
])("what is not understood is refused and changes nothing: %j", async (body, reason) => {
  const before = structuredClone(tim.settings);
  const { status, said } = await control(body);
  expect(status).toBe(400);
  expect(said.error).toMatch(reason);
  expect(tim.settings).toEqual(before);
});

test("every request is an event, without query and without credentials", async () => {
  await control({ clear: true, settings: { token: { ttlMs: 60_000 } } });
  await ask(await tokenUrl(tim));
  await expect
    .poll(async () => (await read("events")).map(({ kind }: { kind: string }) => kind))
    .toContain("echo-answer");
  const events = await read("events");
  expect(events[0]).toMatchObject({ kind: "tim-answer", path: "/voice.wav", status: 200, authorization: "Basic" });
  const text = JSON.stringify(events);
  expect(text).not.toMatch(/token=|salt=|Basic /);
  expect(await read(`events?since=${events.at(-1).seq}`)).toEqual([]);
});

test("a mute-on and a mute-off mask what a user's call said in between", async () => {
  const now = Date.now();
  const start = new Date(now).toISOString().replace("T", " ").slice(0, 23);
  const own = await openTimSandbox({
    data: { rows: 0, calls: [{ ...call, start, duration: "4", extension: "0201" }] },
    settings: { audio: { every: { codec: "alaw", channels: 1 } } },
    clock: stillClock(),
  });
  const { basic } = await import("./client.ts");
  const signal = async (query: string) => (await ask(`${own.timUrl}/signal?${query}`, { headers: basic(own) })).status;
  const [on, off] = ["cat=0x04&type=0x01&key=k", "cat=0x04&type=0x02&key=k"];
  const before = own.audioOf(call.voicefilename);
  own.clock.set(now + 1_000);
  expect(await signal(`${on}&objtype=user&objid=0201`)).toBe(200);
  own.clock.set(now + 2_000);
  expect(await signal(`${off}&objtype=user&objid=0201`)).toBe(200);
  expect(await signal(`${on}&objtype=user&objid=9999`)).toBe(404);
  expect(await signal(`${on}&objtype=group&objid=0201`)).toBe(400);
  expect(await signal("cat=0x04&type=0x03&key=k&objtype=user&objid=0201")).toBe(400);
  expect((await ask(`${own.timUrl}/signal?${on}&objtype=user&objid=0201`)).status).toBe(401);
  const after = (await ask(await tokenUrl(own, own.recordings()[0]!))).body;
  const changed = [...after].flatMap((byte, index) => (byte === before[index] ? [] : [index]));
  expect(after.length).toBe(before.length);
  const dataAt = before.indexOf("data") + 8;
  expect((changed[0]! - dataAt) / 8_000).toBeCloseTo(1, 1);
  expect((changed.at(-1)! - dataAt) / 8_000).toBeCloseTo(2, 1);
  await own.close();
});

test("the table has calls without a recording and recordings with two calls, and is the same for the same seed", () => {
  const rows = makeCalls({ rows: 300, seed: "a" }, 1_790_000_000_000);
  expect(rows).toHaveLength(300);
  expect(rows).toEqual(makeCalls({ rows: 300, seed: "a" }, 1_790_000_000_000));
  expect(rows).not.toEqual(makeCalls({ rows: 300, seed: "b" }, 1_790_000_000_000));
  const recorded = rows.filter(isRecorded);
  expect(recorded.length).toBeLessThan(290);
  expect(new Set(recorded.map(({ voicefilename }) => voicefilename)).size).toBeLessThan(recorded.length);
  expect(new Set(rows.filter((row) => !isRecorded(row)).map(({ voicefilename }) => voicefilename))).toEqual(
    new Set([null, ""]),
  );
  expect([...rows].sort((a, b) => a.start.localeCompare(b.start))).toEqual(rows);
});

test("the CSV quotes commas and quotes, and leaves NULL empty", () => {
  const csv = callsCsv([{ ...call, name: 'Smith, "John"', number: null }]);
  expect(csv.split("\r\n")).toEqual([
    "datasource,voicelocation,voicefilename,start,duration,extension,number,name,direction",
    `${call.datasource},${call.voicelocation},${call.voicefilename},${call.start},${call.duration},${call.extension},,"Smith, ""John""",${call.direction}`,
    "",
  ]);
});

test("a port that is taken is told, and nothing stays open", async () => {
  const port = Number(new URL(tim.timUrl).port);
  await expect(openTimSandbox({ ports: { tim: port } })).rejects.toThrow(/EADDRINUSE/);
});

test("300 recordings are served one after the other", async () => {
  const many = await openTimSandbox({ data: { rows: 300, seconds: [1, 2] } });
  for (const each of many.recordings()) expect((await ask(await tokenUrl(many, each))).status).toBe(200);
  expect(Object.keys(many.stats().served)).toHaveLength(many.recordings().length);
  await many.close();
  expect((await askToken(tim, call)).status).toBe(200);
  expect(voiceTarget(call)).not.toBe(voiceTarget(call));
});
