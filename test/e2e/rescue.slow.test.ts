import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lockArchive } from "../../src/ledgers/index.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { runHere } from "../helpers/run-here.ts";
import { openRingCentralWorld, type RingCentralWorld } from "./ringcentral-world.ts";
import { eventsOf } from "./tim-world.ts";

const day = 86_400_000;
/** One call a week over 200 days: about half of them are older than the 90 days that the account keeps. */
const history = { recordings: 28, layout: "plain", days: 200, endMs: Date.now() - day } as const;
const limits = { heavy: { limit: 10_000 }, light: { limit: 10_000 } };

async function openLongWorld(): Promise<RingCentralWorld & { kept: string[]; expired: string[] }> {
  const world = await openRingCentralWorld({ data: history, settings: { limits } });
  const keptSince = Date.now() - 91 * day;
  const ids = (old: boolean) =>
    world.rc
      .recordings()
      .filter(({ startMs }) => startMs < keptSince === old)
      .map(({ id }) => id);
  return Object.assign(world, { kept: ids(false), expired: ids(true) });
}

const download = (world: RingCentralWorld, ...args: string[]) =>
  runHere(["download", "-s", "ringcentral", "--from", "2y", "-d", world.archive, "-j", "1", "--json", ...args], {
    env: world.env,
  });

const asked = ({ rc }: RingCentralWorld) =>
  rc.events
    .all()
    .filter(({ kind, route }) => kind === "request" && route === "content")
    .map(({ path }) => /recording\/(\d+)/.exec(String(path))?.[1]);

/** Every file under a folder with its size and time. */
function traces(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => ({ name, at: statSync(join(folder, name)) }))
    .map(({ name, at }) => `${name} ${at.size} ${at.mtimeMs}`)
    .toSorted();
}

describe("a rescue of two years", () => {
  it("takes what expires soonest first, and counts and tells what is past retention without asking for it", async () => {
    await using world = await openLongWorld();
    const { code, out } = await download(world);
    const finished = eventsOf(out).at(-1);
    expect(finished).toMatchObject({ exitCode: 0, done: world.kept.length });
    expect(finished).toMatchObject({ reasons: { "past-retention": world.expired.length } });
    expect(code).toBe(0);
    expect(asked(world)).toEqual(world.kept.toReversed());
  });

  it("asks for what is past retention last, and only when told to", async () => {
    await using world = await openLongWorld();
    world.rc.settings.content.retentionDays = 90;
    await download(world, "--include-expired");
    expect(asked(world)).toEqual([...world.kept.toReversed(), ...world.expired.toReversed()]);
  });

  it("ends with 3 when RingCentral does not tell how long it keeps recordings", async () => {
    await using world = await openLongWorld();
    world.rc.settings.faults.push({ route: "call-recording", kind: "status", status: 404, code: "CMN-102" });
    const { code, out } = await download(world);
    expect(eventsOf(out).at(-1)).toMatchObject({ reasons: { "past-usual-retention": world.expired.length } });
    expect(code).toBe(3);
  });

  it("is surveyed by --dry-run without a lock and without a trace", async () => {
    await using world = await openLongWorld();
    const first = await download(world, "-n");
    expect(eventsOf(first.out)).toEqual([
      expect.objectContaining({ recordings: world.kept.length, pastRetention: world.expired.length, settled: 0 }),
    ]);
    expect(existsSync(world.archive)).toBe(false);
    await download(world, "--max-downloads", "5");
    const before = traces(world.archive);
    const io = { clock: systemClock, pid: process.pid, signal: new AbortController().signal };
    const lock = await lockArchive(world.archive, { waitMs: 0, ...io });
    const locked = traces(world.archive);
    const second = await download(world, "-n");
    expect(traces(world.archive)).toEqual(locked);
    lock.release();
    expect(before.length).toBeGreaterThan(5);
    expect(second.code).toBe(0);
    expect(eventsOf(second.out)).toEqual([
      expect.objectContaining({ recordings: world.kept.length - 5, settled: 5, listingMs: expect.any(Number) }),
    ]);
  });

  it("is reconciled with a word for each call past retention: held, missing, or beyond proof", async () => {
    await using world = await openLongWorld();
    await download(world);
    const { retentionDays } = world.rc.settings.content;
    world.rc.settings.content.retentionDays = 1000;
    await download(world, "--include-expired", "--to", "150d");
    world.rc.settings.content.retentionDays = retentionDays;
    const held = world.held().size;
    const reconcile = (...args: string[]) =>
      runHere(["reconcile", "-s", "ringcentral", "--from", "2y", "-d", world.archive, ...args], { env: world.env });
    const { code, out } = await reconcile("--json", "--report", join(world.home, "report.json"));
    const unprovable = world.kept.length + world.expired.length - held;
    expect(unprovable).toBeGreaterThan(0);
    expect(held).toBeGreaterThan(world.kept.length);
    expect(eventsOf(out).at(-1)).toMatchObject({ recordings: world.kept.length + world.expired.length, unprovable });
    expect(eventsOf(out).filter(({ kind }) => kind !== undefined && kind !== "unprovable")).toEqual([]);
    expect(code).toBe(0);
    const { counts } = JSON.parse(readFileSync(join(world.home, "report.json"), "utf8")) as { counts: object };
    expect(counts).toMatchObject({ calls: world.kept.length + world.expired.length, held, unprovable, open: 0 });
    expect((await reconcile()).err).toContain(`: ${unprovable} unprovable.`);
  });

  it("is reconciled as missing where nobody tells how long recordings are kept", async () => {
    await using world = await openLongWorld();
    world.rc.settings.faults.push({ route: "call-recording", kind: "status", status: 404, code: "CMN-102" });
    await download(world);
    const args = ["reconcile", "-s", "ringcentral", "--from", "2y", "-d", world.archive, "--json"];
    const { code, out } = await runHere(args, { env: world.env });
    expect(eventsOf(out).at(-1)).toMatchObject({ missing: world.expired.length });
    expect(code).toBe(6);
  });
});
