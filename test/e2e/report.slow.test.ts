import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { openRingCentralWorld, quickBudget, type RingCentralWorld } from "./ringcentral-world.ts";
import { eventsOf } from "./tim-world.ts";

interface Report {
  readonly complete: boolean;
  readonly verdict: { readonly is: string };
  readonly counts: Readonly<Record<string, number>>;
  readonly gaps: readonly { readonly kind: string; readonly key?: string }[];
  readonly recordings: readonly { readonly id: string; readonly path: string; readonly sha256: string }[];
  readonly head: string;
}

const from = ["--from", "40d"];

function openWorld(): Promise<RingCentralWorld> {
  return openRingCentralWorld({ settings: { limits: quickBudget(200) } });
}

function toolOf({ env, archive }: RingCentralWorld) {
  return (verb: string, ...args: string[]) => runHere([verb, "-d", archive, ...args], { env });
}

async function reportOf(world: RingCentralWorld): Promise<{ code: number | null; told: Report }> {
  const { code, out } = await toolOf(world)("report", ...from, "--json", "-");
  return { code, told: JSON.parse(out) as Report };
}

test("a report, a reconcile and its report say the same of the same archive, and it is what the disk has", async () => {
  await using world = await openWorld();
  const { rc, archive } = world;
  const tool = toolOf(world);
  const [failed, gone, forbidden, lost, cut, rotten, purged] = rc.recordings().map(({ id }) => id) as string[];
  const status = { route: "content", kind: "status", times: 0 } as const;
  rc.settings.faults.push(
    { ...status, ids: [failed as string], status: 500 },
    { ...status, ids: [gone as string], status: 404, code: "CMN-102", parameterName: "recordingId" },
    { ...status, ids: [forbidden as string], status: 403, code: "CMN-408" },
  );
  expect((await tool("download", "-s", "ringcentral", ...from, "-R", "0")).code).toBe(3);
  const paths = new Map((await reportOf(world)).told.recordings.map(({ id, path }) => [id, join(archive, path)]));
  rmSync(paths.get(lost as string) as string);
  truncateSync(paths.get(cut as string) as string, 100);
  const bytes = readFileSync(paths.get(rotten as string) as string);
  writeFileSync(paths.get(rotten as string) as string, bytes.fill(7, bytes.length - 9));
  expect((await tool("verify")).code).toBe(6);
  expect((await tool("purge", purged as string, "--yes", "--reason", "asked to")).code).toBe(0);

  const file = join(archive, "live.json");
  const reconciled = await tool("reconcile", "-s", "ringcentral", ...from, "--json", "--report", file);
  const findings = eventsOf(reconciled.out).filter(({ event }) => event === "finding");
  const { code, told } = await reportOf(world);
  const live = JSON.parse(readFileSync(file, "utf8")) as Report;
  expect([reconciled.code, code]).toEqual([6, 6]);
  const known = findings.filter(({ kind }) => kind !== "short-recording").map(({ key, kind }) => `${key} ${kind}`);
  const gapsOf = ({ gaps }: Report) => gaps.filter(({ key }) => key).map(({ key, kind }) => `${key} ${kind}`);
  expect(gapsOf(told).toSorted()).toEqual(known.toSorted());
  expect(gapsOf(live).toSorted()).toEqual(known.toSorted());
  const { shortRecording: _, ...counts } = told.counts;
  expect(live.counts).toMatchObject(counts);
  expect(told.counts).toMatchObject({
    calls: rc.recordings().length,
    missing: 2,
    gone: 1,
    forbidden: 1,
    damaged: 2,
    purged: 1,
  });
  expect(live.head).toBe(told.head);
  for (const { id, path, sha256 } of told.recordings) {
    expect([id, readFileSync(join(archive, path)).length, sha256]).toEqual([
      id,
      rc.audioOf(id).length,
      rc.sha256Of(id),
    ]);
  }
  expect(told.recordings.length).toBe(told.counts.held);
});

test("what was never asked for is no secret: a cut list is none, a reconcile's findings stay until the next list", async () => {
  await using world = await openWorld();
  const tool = toolOf(world);
  expect((await tool("download", "-s", "ringcentral", ...from, "--max-downloads", "3")).code).toBe(8);
  expect(await reportOf(world)).toMatchObject({ code: 6, told: { complete: false, listings: [{ lists: 0 }] } });
  const reconciled = await tool("reconcile", "-s", "ringcentral", ...from, "--json");
  expect(reconciled.code).toBe(6);
  // The ledger has never heard of what reconcile found missing.
  expect(await reportOf(world)).toMatchObject({ code: 6, told: { complete: false, verdict: { is: "gaps" } } });
  expect((await tool("download", "-s", "ringcentral", ...from)).code).toBe(0);
  const { code, told } = await reportOf(world);
  expect([code, told.complete, told.counts.held]).toEqual([0, true, world.rc.recordings().length]);
  const ahead = await tool("report", ...from, "--to", "2199-01-01", "--json");
  expect([ahead.code, ahead.err]).toEqual([6, expect.stringMatching(/^Not over yet. This period is not over/)]);
  const only = ["--direction", "inbound"];
  const file = join(world.archive, "inbound.json");
  const inbound = await tool("reconcile", "-s", "ringcentral", ...from, ...only, "--report", file);
  expect([inbound.code, JSON.parse(readFileSync(file, "utf8"))]).toMatchObject([
    0,
    { complete: false, partial: "calls were left out by --direction inbound" },
  ]);
  expect((await tool("download", "-s", "ringcentral", "--from", "80d", ...only)).code).toBe(0);
  const wider = await tool("report", "--from", "80d", "--json");
  expect([wider.code, (JSON.parse(wider.out) as Report).verdict.is]).toEqual([6, "unlisted"]);
});

test.each([
  ["profile default in ", ["direction", "inbound"]],
  ["profile default in ", ["min-duration", "1 h"]],
  ["CALLREEL_TO", ["to", "39d"]],
] as const)("a reconcile that is narrowed by %s says so: %j", async (origin, [name, value]) => {
  await using world = await openWorld();
  const { home, archive, rc } = world;
  mkdirSync(join(home, "config", "callreel"), { recursive: true });
  const isProfile = origin.startsWith("profile");
  const profiles = { default: isProfile ? { [name]: value } : {} };
  writeFileSync(join(home, "config", "callreel", "config.json"), JSON.stringify({ profiles }));
  const env = { ...world.env, ...(isProfile ? {} : { [origin]: value }) };
  const tool = (...args: string[]) => runHere([...args, "-d", archive, "-s", "ringcentral", ...from], { env });
  expect((await tool("download")).code).toBe(0);
  expect(world.held().size).toBeLessThan(rc.recordings().length);
  const said = await tool("reconcile");
  expect([said.code, said.err]).toEqual([0, expect.stringContaining(`left out by ${name} ${value} (${origin}`)]);
  const told = await tool("reconcile", "--json", "--report", join(home, "report.json"));
  expect(eventsOf(told.out).at(-1)).toMatchObject({
    narrowed: [{ setting: name, value, origin: expect.stringContaining(origin) }],
  });
  expect(JSON.parse(readFileSync(join(home, "report.json"), "utf8"))).toMatchObject({
    complete: false,
    partial: expect.stringContaining(`${name} ${value} (${origin}`),
  });
});
