import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { RingCentralSandboxOptions } from "../../src/sandbox/ringcentral/index.ts";
import { run, start, until } from "../helpers/bin.ts";
import { openRingCentralWorld, quickBudget, type RingCentralWorld } from "./ringcentral-world.ts";
import { eventsOf } from "./tim-world.ts";

/** Calls of days ago, which only the first comparison with the whole call log brings. */
const history = () => ({
  recordings: 4,
  layout: "plain" as const,
  days: 2,
  seconds: [2, 4] as const,
  endMs: Date.now() - 30 * 3_600_000,
});

/** Ample requests, and calls that are listed as soon as they end. */
function openLine(more: RingCentralSandboxOptions["settings"] = {}): Promise<RingCentralWorld> {
  const settings = { limits: quickBudget(100), callLog: { listDelaySeconds: 0 }, ...more };
  return openRingCentralWorld({ data: history(), settings });
}

function watchIn({ env, archive }: RingCentralWorld, ...more: string[]) {
  return start(["watch", "-s", "ringcentral", "-d", archive, "--every", "200ms", "--json", ...more], { env });
}

type Watching = ReturnType<typeof watchIn>;

function addCalls({ rc }: RingCentralWorld, count: number): string[] {
  return rc.addCalls(count, 3).flatMap(({ recordings }) => recordings);
}

function doneIn(watching: Watching): string[] {
  const done = eventsOf(watching.out()).filter(({ event }) => event === "recording-done");
  return done.map(({ key }) => String(key).replace("ringcentral/", ""));
}

async function arrived(watching: Watching, ids: readonly string[]): Promise<void> {
  await until(() => ids.every((id) => doneIn(watching).includes(id)), `${ids.length} recordings\n${watching.err()}`);
}

async function ended(watching: Watching, signal: NodeJS.Signals = "SIGTERM") {
  watching.child.kill(signal);
  return watching.finished;
}

it("holds the history and then each call soon after it, once, without a 429, and ends with 0 on SIGTERM", async () => {
  await using world = await openLine();
  const { rc, env, archive } = world;
  const metrics = join(world.home, "watch.prom");
  const watching = watchIn(world, "--metrics", metrics, "--stats", "300ms");
  await arrived(
    watching,
    rc.recordings().map(({ id }) => id),
  );
  await arrived(watching, addCalls(world, 3));
  await until(() => existsSync(metrics) && /state="held"\} 7/.test(readFileSync(metrics, "utf8")), "metrics");

  const second = await run(["watch", "-s", "ringcentral", "-d", archive], { env });
  expect([second.code, second.err]).toEqual([11, expect.stringContaining("Another watch")]);
  for (const verb of [
    ["download", "-s", "ringcentral", "--since", "last", "-q"],
    ["verify", "-q"],
  ]) {
    expect(await run([...verb, "-d", archive], { env })).toMatchObject({ code: 0 });
  }
  expect(readFileSync(metrics, "utf8")).toMatch(/callreel_exit_code 0\n/);
  expect(await ended(watching)).toMatchObject({ code: 0 });
  expect(world.held().size).toBe(7);
  expect(rc.stats()).toMatchObject({ penalties: 0, violations: 0, tokenRequests: 1 });
  expect(Object.values(rc.stats().downloads).map(({ started }) => started)).toEqual(new Array(7).fill(1));
});

it("leaves no record of looks that found nothing, and ends as download does on Ctrl-C", async () => {
  await using world = await openLine();
  const watching = watchIn(world);
  await until(() => watching.out().includes("run-finished"), "the first run");
  const requests = world.rc.stats().requests;
  await until(() => world.rc.stats().requests > requests + 5, "some looks");
  const runs = eventsOf(watching.out()).filter(({ event }) => event === "run-started").length;
  expect(runs).toBeLessThanOrEqual(2);
  expect(await ended(watching, "SIGINT")).toMatchObject({ code: 130 });
});

it("fetches a recording once it is ready, and one that is attached late", async () => {
  await using world = await openLine({
    content: { notReady: { chosen: { every: 2 }, afterSeconds: 36_000 } },
    callLog: { listDelaySeconds: 0, lateRecording: { chosen: { every: 2, offset: 1 }, afterSeconds: 6 } },
  });
  const watching = watchIn(world);
  await until(() => watching.out().includes("run-finished"), "the first run");
  const ids = addCalls(world, 4);
  await until(() => watching.out().includes('"code":"not-ready"'), "one that is not ready");
  world.rc.settings.content.notReady.chosen = "none";
  await arrived(watching, ids);
  expect(watching.err()).not.toContain("not there yet");
  expect(await ended(watching)).toMatchObject({ code: 0 });
  expect(world.rc.stats().penalties).toBe(0);
});

it("outlasts a RingCentral that answers nothing, says so once, and fetches what came meanwhile", async () => {
  await using world = await openLine();
  const { rc } = world;
  const watching = watchIn(world, "-R", "0");
  await until(() => watching.out().includes("run-finished"), "the first run");
  rc.settings.faults.push({ route: "*", kind: "reset" });
  await until(() => /Looking again in/.test(watching.err()), "the trouble");
  const requests = rc.stats().requests;
  await until(() => rc.stats().requests > requests + 6, "further tries");
  const ids = addCalls(world, 2);
  rc.settings.faults.splice(0);
  await arrived(watching, ids);
  await until(() => /The call log can be read again/.test(watching.err()), "the end of the trouble");
  expect(watching.err().match(/Looking again in/g)).toHaveLength(1);
  expect(await ended(watching)).toMatchObject({ code: 0 });
});

it("misses nothing of 200 calls at once, killed in the midst of them and started again", async () => {
  await using world = await openLine({ limits: quickBudget(60, 2) });
  const first = watchIn(world);
  await until(() => first.out().includes("run-finished"), "the first run");
  const ids = addCalls(world, 200);
  await until(() => doneIn(first).length > 60, "a part of them");
  first.child.kill("SIGKILL");
  await first.finished;
  const more = addCalls(world, 3);
  const second = watchIn(world);
  const wanted = [...ids, ...more].filter((id) => !doneIn(first).includes(id));
  await until(() => wanted.every((id) => doneIn(second).includes(id) || world.held().has(id)), "all of them");
  expect(await ended(second)).toMatchObject({ code: 0 });
  expect(world.held().size).toBe(4 + 203);
  expect(world.rc.stats().penalties).toBe(0);
  expect(await run(["verify", "-d", world.archive], { env: world.env })).toMatchObject({ code: 0 });
});

it("takes a fifth of the budget at most while nothing happens", async () => {
  const limit = 40;
  await using world = await openLine({ limits: quickBudget(limit, 4) });
  const watching = watchIn(world, "--every", "1ms");
  await until(() => watching.out().includes("run-finished"), "the first run");
  const quiet = world.rc.stats().groupTimes.heavy?.length ?? 0;
  await until(() => (world.rc.stats().groupTimes.heavy?.length ?? 0) > quiet + 20, "looks");
  const times = (world.rc.stats().groupTimes.heavy ?? []).slice(quiet + 2);
  // A fifth is one in half a second; a request may be late by a second or two, and the next one on time.
  expect(times.at(-1)! - times[0]!).toBeGreaterThan((times.length - 1) * 500 - 2_500);
  expect(await ended(watching)).toMatchObject({ code: 0 });
});

it("looks rarely while RingCentral tells of no call, and brings one that ends; also after the line was lost", async () => {
  await using world = await openLine({ limits: quickBudget(100) });
  const { rc } = world;
  const watching = watchIn(world, "--every", "100ms");
  await until(() => watching.out().includes("run-finished"), "the first run");
  await until(() => rc.gateway.subscribed() === 1, "a subscription");
  // A hundredth of the usual times: after nine seconds without a call, a look each three.
  await until(() => {
    const times = rc.stats().groupTimes.heavy.slice(-3);
    return times.length === 3 && (times[2] as number) - (times[1] as number) > 2_000;
  }, "quiet");
  await arrived(watching, addCalls(world, 1));

  rc.gateway.cutAll();
  await until(() => watching.err().includes("Reconnecting in"), "the end of the line");
  await arrived(watching, addCalls(world, 2));
  expect(await ended(watching)).toMatchObject({ code: 0 });
  expect(watching.err()).not.toContain("access_token");
  expect(rc.stats()).toMatchObject({ penalties: 0, tokensInUrls: 0 });
});

it.each([
  ["the app lacks the permission", { app: { scopes: ["ReadAccounts", "ReadCallLog", "ReadCallRecording"] } }],
  ["the user may not", { events: { allowed: false } }],
])("looks as usual where %s", async (_, settings) => {
  await using world = await openLine(settings);
  const watching = watchIn(world);
  await until(() => watching.err().includes("at its usual pace instead"), `a refusal ${watching.err()}`);
  await until(() => watching.out().includes("run-finished"), "the first run");
  await arrived(watching, addCalls(world, 2));
  expect(watching.err().match(/at its usual pace instead/g)).toHaveLength(1);
  expect(await ended(watching)).toMatchObject({ code: 0 });
});

it("ends with 7 where the login is refused, and refuses what it cannot watch", async () => {
  await using world = await openLine();
  const { env, archive } = world;
  const tim = await run(["watch", "-s", "tim", "-d", archive], { env });
  expect([tim.code, tim.err]).toEqual([2, expect.stringContaining("nothing to watch")]);
  const refused = await run(["watch", "-s", "ringcentral", "-d", archive], { env: { ...env, RC_USER_JWT: "a.b.c" } });
  expect(refused.code).toBe(7);
});
