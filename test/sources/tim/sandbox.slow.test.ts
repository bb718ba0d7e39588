import { expect, test } from "vitest";
import type { RecordingError } from "../../../src/core/model/errors.ts";
import type { Source } from "../../../src/core/model/ports.ts";
import type { RecordingRef } from "../../../src/core/model/recording.ts";
import { openHttp } from "../../../src/http/client.ts";
import type { SandboxClock } from "../../../src/sandbox/clock.ts";
import { openTimSandbox, type TimSandbox } from "../../../src/sandbox/tim/index.ts";
import { digestAlgorithms, expiredLooks, type TimSettingsPatch } from "../../../src/sandbox/tim/site-settings.ts";
import { openTim, type TimSettings } from "../../../src/sources/tim/index.ts";
import { steppingClock } from "../../helpers/sandbox-clocks.ts";
import { allChecks, never, realClock, recording, row } from "./fixture.ts";
import { fetchAll, memoryTransfer } from "./memory-transfer.ts";

interface World extends AsyncDisposable {
  readonly sandbox: TimSandbox;
  readonly source: Source;
  /** The recordings of the calls table, each once. */
  readonly refs: readonly RecordingRef[];
  readonly kept: Map<string, Buffer>;
  fetch(workers: number, refs?: readonly RecordingRef[], from?: Source): Promise<RecordingError[]>;
  /** Whether every recording is here as Echo has it. */
  complete(): boolean;
}

/** The source on a sandbox whose table has so many rows. */
async function openWorld(
  rows: number,
  settings: TimSettingsPatch = {},
  given: Partial<TimSettings> | ((sandbox: TimSandbox) => Partial<TimSettings>) = {},
  clock?: SandboxClock,
): Promise<World> {
  const sandbox = await openTimSandbox({ data: { rows, seconds: [1, 2] }, settings, ...(clock && { clock }) });
  const ours = typeof given === "function" ? given(sandbox) : given;
  const { TIM_URL: url, TIM_USERNAME: user, TIM_PASSWORD: password } = sandbox.env;
  const http = openHttp({
    connections: 8,
    connectTimeoutMs: 30_000,
    timeoutMs: 30_000,
    userAgent: "callreel-test",
    ...(settings.tls === undefined ? {} : { ca: sandbox.certificateAuthority }),
  });
  const context = { http, clock: realClock, random: Math.random, report: () => {} };
  const source = openTim({ url, user, password, format: "wav", ...ours }, context);
  const found = sandbox.rows().flatMap((fields) => source.recordings(row({ ...fields })).refs);
  const refs = [...new Map(found.map((ref) => [ref.key, ref])).values()];
  const kept = new Map<string, Buffer>();
  const transfer = memoryTransfer(http, kept);
  return {
    sandbox,
    source,
    refs,
    kept,
    fetch: (workers, some = refs, from = source) => fetchAll(some, workers, { source: from, transfer }),
    complete: () =>
      kept.size === refs.length &&
      refs.every(({ id, key }) => kept.get(id)?.equals(sandbox.audioOf(key.slice("tim/".length), ours.format))),
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]();
      await sandbox.close();
    },
  };
}

test("a table of three hundred rows arrives byte for byte, with one young token and one salt for each", async () => {
  const clock = steppingClock();
  await using world = await openWorld(300, {}, {}, clock);
  const began = clock.now();
  expect(await world.fetch(8)).toEqual([]);
  expect(world.complete()).toBe(true);
  expect(world.refs.length).toBe(world.sandbox.recordings().length);
  const stats = world.sandbox.stats();
  expect(stats).toMatchObject({
    challenges: 1,
    refusedLogins: 0,
    repeatedSalts: 0,
    expiredTokens: 0,
    unknownTokens: 0,
  });
  expect([stats.echoSawAuthorization, stats.echoSawCookie]).toEqual([0, 0]);
  const ages = stats.tokenAges.map(({ ms }) => ms).sort((one, other) => one - other);
  expect(ages[Math.floor(ages.length / 2)]).toBeLessThan((clock.now() - began) / 10);
  expect(Object.values(stats.tokenRequests).every((times) => times === 1)).toBe(true);
});

test.each([
  ...digestAlgorithms.map((algorithm) => ({ mode: "digest" as const, algorithms: [algorithm] })),
  { mode: "digest" as const, qop: "none" as const, algorithms: ["MD5" as const] },
  { mode: "digest" as const, nonceReusable: false },
  { mode: "digest" as const, nonceLifeMs: 60 },
  { mode: "both" as const, challenges: "joined" as const },
  { mode: "all" as const },
])("a TIM that wants to be logged in to as %o is", async (login) => {
  await using world = await openWorld(
    24,
    { login, flood: { failCount: 1, countsChallenges: false } },
    {},
    steppingClock(),
  );
  expect(await world.fetch(8)).toEqual([]);
  expect(world.complete()).toBe(true);
  expect(world.sandbox.stats()).toMatchObject({ refusedLogins: 0, lockedOut: 0, echoSawAuthorization: 0 });
});

test.each(["basic", "digest", "both"] as const)(
  "a wrong password (%s) costs one refused login and never locks the address",
  async (mode) => {
    const flood = { failCount: 2 };
    await using world = await openWorld(200, { login: { mode }, flood }, { password: "wrong" });
    const errors = await world.fetch(8);
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["login-refused"]));
    expect(world.sandbox.stats()).toMatchObject({
      requests: { tim: 2, echo: 0 },
      challenges: 1,
      refusedLogins: 1,
      lockedOut: 0,
    });
  },
);

test.each(["ntlm", "negotiate", "windows"] as const)(
  "a TIM that wants %s is told by name, after one request",
  async (mode) => {
    await using world = await openWorld(24, { login: { mode } });
    const [error] = await world.fetch(8);
    expect(error?.code).toBe("login-refused");
    expect(error?.message).toMatch(/offers only .*(NTLM|Negotiate)/);
    expect(world.sandbox.stats().requests.tim).toBe(1);
  },
);

test.each(expiredLooks)("tokens that expire and say so by %s are replaced by one fresh one each", async (expired) => {
  await using world = await openWorld(30, { token: { expired } });
  const link = world.source.link;
  let at = 0;
  const late: Source = {
    ...world.source,
    async link(...given) {
      const taken = await link(...given);
      at += 1;
      if (at % 3 === 1) world.sandbox.clock.advance(60_000);
      return taken;
    },
  };
  expect(await world.fetch(1, world.refs, late)).toEqual([]);
  expect(world.complete()).toBe(true);
  expect(world.sandbox.stats().expiredTokens).toBeGreaterThan(8);
  expect(Math.max(...Object.values(world.sandbox.stats().tokenRequests))).toBe(2);
});

test("short lives of tokens are enough for eight transfers from a slow Echo", async () => {
  const settings = { token: { ttlMs: 300, singleUse: true }, echo: { delayMs: 50, bytesPerSecond: 100_000 } };
  await using world = await openWorld(60, settings, {}, steppingClock());
  expect(await world.fetch(8)).toEqual([]);
  expect(world.complete()).toBe(true);
  expect(Math.max(...Object.values(world.sandbox.stats().tokenRequests))).toBeLessThanOrEqual(4);
});

test.each<[string, TimSettingsPatch, Partial<TimSettings>]>([
  ["a byte order mark and line ends", { answer: { bom: true, trailer: "\r\n\r\n", contentType: "text/html" } }, {}],
  ["an address that a URL class would rewrite", { answer: { awkward: true, contentLength: false } }, {}],
  ["tokens kept by salt, for one use and one address", { token: { cached: true, singleUse: true, ipBound: true } }, {}],
  ["mp3", {}, { format: "mp3" }],
  [
    "the request as the vendor prints it",
    { voice: { separators: "literal" } },
    {
      urlTemplate:
        "{base}/voice.{format}?cmd=getvmsg&datasource={datasource}recordingid={voicefilename}voicelocation={voicelocation}salt={salt}",
    },
  ],
])("a TIM with %s is understood", async (_, settings, ours) => {
  await using world = await openWorld(20, settings, ours);
  expect(await world.fetch(4)).toEqual([]);
  expect(world.complete()).toBe(true);
  expect(world.sandbox.stats().repeatedSalts).toBe(0);
});

test("an Echo under a name that is not known here is reached by its rewrite, over TLS too", async () => {
  const answer = { echoHost: "echo01.tim.invalid:8090" };
  const settings = { answer, tls: { tim: "trusted", echo: "trusted" } } as const;
  await using lost = await openWorld(4, settings);
  const [error] = await lost.fetch(1, lost.refs.slice(0, 1));
  expect(error?.code).toBe("unreachable");
  expect(error?.message).toContain("--echo-rewrite echo01.tim.invalid:8090=HOST:PORT");
  await using found = await openWorld(4, settings, ({ echoUrl }) => ({
    echoRewrite: [{ from: "echo01.tim.invalid", to: new URL(echoUrl).host }],
  }));
  expect(await found.fetch(2)).toEqual([]);
  expect(found.complete()).toBe(true);
});

test.each<[string, TimSettingsPatch, string]>([
  ["unknown", { voice: { unknown: "404" } }, "gone"],
  ["unknown", { voice: { unknown: "empty" } }, "no-recording"],
  ["unknown", { voice: { unknown: "html" } }, "bad-answer"],
  ["unknown", { voice: { unknown: "500" } }, "server-error"],
  ["barred", { access: { outOfScope: ["barred"] } }, "forbidden"],
])("a recording that is %s (%o) is told as %s, and the others arrive", async (name, settings, code) => {
  await using world = await openWorld(8, settings);
  const errors = await world.fetch(4, [...world.refs, recording(name)]);
  expect(errors.map((error) => error.code)).toEqual([code]);
  expect(world.complete()).toBe(true);
});

test("audio that is deleted at Echo is gone after one fresh token", async () => {
  await using world = await openWorld(8);
  const { id, key } = world.refs[0] as RecordingRef;
  world.sandbox.settings.access.audioMissing.push(id);
  const errors = await world.fetch(4);
  expect(errors.map(({ code }) => code)).toEqual(["gone"]);
  expect(world.sandbox.stats().tokenRequests[key.slice("tim/".length)]).toBe(2);
});

test("a busy TIM is given the time it asks for, and a lock in mid-run ends it", async () => {
  await using world = await openWorld(8, {
    faults: [{ on: "tim", do: "status", status: 503, retryAfter: "0", from: 2, times: 3 }],
  });
  expect(await world.fetch(4)).toEqual([]);
  world.sandbox.settings.login.password = "changed";
  const errors = await world.fetch(4);
  expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["login-refused"]));
  expect(world.sandbox.stats().refusedLogins).toBeLessThanOrEqual(4);
});

test("the checks go through from address to Echo", async () => {
  await using world = await openWorld(4, { tls: { tim: "trusted", echo: "trusted" } }, (sandbox) => {
    const [call] = sandbox.recordings();
    return { sample: recording(call?.voicefilename, call?.datasource, call?.voicelocation) };
  });
  const checks = await allChecks(world.source.check?.(never));
  expect(checks.map(({ status }) => status)).toEqual(Array(6).fill("ok"));
});
