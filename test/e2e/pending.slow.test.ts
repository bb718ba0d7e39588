import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { eventsOf, openTimWorld } from "./tim-world.ts";

test("what was only listed is downloaded later without its rows, oldest call first; what cannot be had is told each time", async () => {
  await using world = await openTimWorld(8);
  const { tim, csv, archive, env } = world;
  const recordings = tim.recordings();
  const enqueue = ["download", "--rows", csv, "-d", archive, "--enqueue-only", "--json"];
  const listed = await runHere(enqueue, { env });
  const reasons = (out: string) => eventsOf(out).flatMap(({ reason }) => (reason === "enqueued" ? [reason] : []));
  expect([listed.code, reasons(listed.out).length]).toEqual([0, recordings.length]);
  expect(tim.stats().requests).toEqual({ tim: 0, echo: 0 });
  expect((await runHere(["status", "-d", archive, "--json"], { env })).out).not.toContain('"lastSuccess"');
  const [broken] = recordings;
  tim.settings.faults = [{ on: "echo", do: "html", recording: broken?.voicefilename as string, times: 0 }];
  const pending = ["download", "--pending", "-d", archive, "--json", "-j", "1", "-R", "0"];
  const first = await runHere(pending, { env });
  expect([first.code, world.held().size]).toEqual([3, recordings.length - 1]);
  const paths = eventsOf(first.out).flatMap(({ event, path }) => (event === "recording-done" ? [String(path)] : []));
  expect(paths).toEqual([...paths].sort());
  tim.settings.faults = [];
  const second = await runHere(pending, { env });
  expect([second.code, world.held().size]).toEqual([0, recordings.length]);
  const again = await runHere(enqueue, { env });
  expect([again.code, reasons(again.out).length]).toEqual([0, 0]);
  expect((await runHere(pending, { env })).code).toBe(0);
});

test("what only a ledger can tell is not asked of a folder that has none, nor is one made there", async () => {
  await using world = await openTimWorld(1);
  const nowhere = `${world.archive}-mistyped`;
  for (const what of [["--pending"], ["--exec-failed", "--exec", "true"]]) {
    const { code, err } = await runHere(["download", "-s", "tim", "-d", nowhere, ...what], { env: world.env });
    expect([code, err]).toEqual([2, expect.stringContaining(`There is no archive at ${nowhere}`)]);
    expect(existsSync(nowhere)).toBe(false);
  }
});

test("what makes no sense together is refused", async () => {
  await using world = await openTimWorld(1);
  const { csv, archive, env } = world;
  expect((await runHere(["download", "--rows", csv, "-d", archive, "--enqueue-only"], { env })).code).toBe(0);
  const refused = async (...args: string[]) => {
    const { code, err } = await runHere(["download", "-s", "tim", "-d", archive, ...args], { env });
    return [code, err];
  };
  const pending = [2, expect.stringContaining("--pending downloads what the ledger wants")];
  expect(await refused("--pending", "--rows", csv)).toEqual(pending);
  expect(await refused("--pending", "--enqueue-only")).toEqual(pending);
  expect(await refused("--pending", "r/tim/3/4/x")).toEqual(pending);
  expect(await refused("--enqueue-only", "/r/tim/3/4/x")).toEqual([
    2,
    expect.stringContaining("takes rows or a listing"),
  ]);
});

describeOnPostgres("a source that makes its own wait", (server) => {
  const inDatabase = () => ({ CALLREEL_LEDGER: server.url, CALLREEL_LEDGER_PASSWORD: server.password });
  test.each([
    ["in a file", () => ({}), "2"],
    ["in PostgreSQL", inDatabase, "3"],
  ])("holds up nothing of the other one, with the ledger %s", async (_, ledger, transfers) => {
    await using tim = await openTimWorld(12);
    await using ringcentral = await openRingCentralWorld({
      data: { recordings: 4, layout: "plain", days: 2, seconds: [2, 4] },
      settings: { limits: quickBudget(1, 10) },
    });
    const { archive } = tim;
    const env = { ...ringcentral.env, ...tim.env, ...ledger() };
    const enqueue = ["--enqueue-only", "-d", archive];
    expect((await runHere(["download", "-s", "tim", "--rows", tim.csv, ...enqueue], { env })).code).toBe(0);
    expect((await runHere(["download", "-s", "ringcentral", "--from", "7d", ...enqueue], { env })).code).toBe(0);
    const pending = await runHere(["download", "--pending", "-d", archive, "--json", "-j", transfers], { env });
    const done = eventsOf(pending.out).flatMap(({ event, key }) => (event === "recording-done" ? [String(key)] : []));
    const counts = [tim.tim.recordings().length, ringcentral.rc.recordings().length];
    expect([pending.code, done.length, pending.err]).toEqual([0, counts[0]! + counts[1]!, expect.any(String)]);
    // RingCentral's come one in ten seconds; by the last of them all of TIM's have long been there.
    expect(done.at(-1)).toContain("ringcentral/");
    expect(done.findLastIndex((key) => key.startsWith("tim/"))).toBeLessThan(done.length - 2);
    expect(ringcentral.rc.stats()).toMatchObject({ penalties: 0, violations: 0 });
  });
});
