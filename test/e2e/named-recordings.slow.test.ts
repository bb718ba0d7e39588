import { describe, expect, it } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { finishedIn } from "./tim-world.ts";
import { openTimSystem } from "./two-systems.ts";

const data = { recordings: 6, layout: "plain" as const, days: 2, seconds: [2, 4] as const };

describe("recordings asked for by id", () => {
  it("are named by the rows given beside them, without a question about their calls", async () => {
    await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(20) } });
    const { rc, env, archive } = world;
    const [first, second] = rc.recordings().map(({ id }) => id) as [string, string];
    const rows = `id,startTime,from,to,direction\n${first},2026-01-05T10:00:00Z,+12125550101,302,Inbound\n77,2026-01-05T10:00:00Z,1,2,Inbound\n${second},2026-01-06T11:30:00Z,302,+12125550102,Outbound\n`;
    const args = ["download", first, second, "-s", "ringcentral", "--rows", "-", "-d", archive, "--timezone", "UTC"];
    const finished = await runHere(args, { env, input: rows });
    expect([finished.code, finished.err]).toEqual([0, expect.not.stringContaining("unknown")]);
    expect(finishedIn(archive).map((path) => path.slice(archive.length + 1).replace(/\.\w+$/, ""))).toEqual([
      `ringcentral/2026/01/05/2026-01-05_10-00-00_inbound_+12125550101_302_${first}`,
      `ringcentral/2026/01/06/2026-01-06_11-30-00_outbound_302_+12125550102_${second}`,
    ]);
    // Two recordings, no call log.
    expect(rc.stats().groups.heavy).toBe(2);
    expect(world.held()).toEqual(new Set([first, second]));
  });

  it("are named by the log where rows lack them, and rows that cannot be read are told then alone", async () => {
    await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(20) } });
    const { rc, env, archive } = world;
    const [first, second] = rc.recordings().map(({ id }) => id) as [string, string];
    const input = `id,startTime\n${first},2026-01-05T10:00:00Z\n4.01787E+11,2026-01-05T10:00:00Z\n`;
    const args = (id: string) => ["download", id, "-s", "ringcentral", "--rows", "-", "-d", archive];
    const good = await runHere(args(first), { env, input });
    expect([good.code, good.err]).toEqual([0, expect.not.stringContaining("4.01787E+11")]);
    expect(rc.stats().groups.heavy).toBe(1);
    const other = await runHere(args(second), { env, input });
    expect([other.code, other.err]).toEqual([2, expect.stringContaining("4.01787E+11")]);
    expect(finishedIn(archive).find((path) => path.includes(second))).not.toContain("unknown");
    expect(rc.stats().groups.heavy).toBe(3);
  });

  it("are never named by rows that contradict each other", async () => {
    await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(20) } });
    const { rc, env, archive } = world;
    const id = rc.recordings()[0]?.id as string;
    const input = `id,startTime\n${id},2026-01-05T10:00:00Z\n${id},2026-02-07T10:00:00Z\n`;
    const finished = await runHere(["download", id, "-s", "ringcentral", "--rows", "-", "-d", archive], { env, input });
    expect([finished.code, finished.err]).toEqual([0, expect.stringContaining("two different calls")]);
    expect(finishedIn(archive)[0]).not.toMatch(/2026-01-05|2026-02-07|unknown/);
  });

  it("are named unknown where nothing tells their call, which is said with what to do", async () => {
    const long = { ...data, recordings: 260, seconds: [0.1, 0.2] as const };
    await using world = await openRingCentralWorld({ data: long, settings: { limits: quickBudget(20) } });
    const { rc, env, archive } = world;
    const byStart = rc.recordings().toSorted((a, b) => a.startMs - b.startMs);
    const id = byStart[0]?.id as string;
    const args = ["download", id, "-s", "ringcentral", "-d", archive];
    const finished = await runHere(args, { env });
    expect(finished.code).toBe(0);
    expect(finished.err).toMatch(/The call of 1 recording .*is unknown.*--rows FILE/);
    expect(finishedIn(archive)[0]).toContain("unknown");
    expect(rc.stats().groups.heavy).toBe(2);
    expect((await runHere(args, { env })).err).not.toContain("is unknown to the rows");
    const plain = await runHere([...args.slice(0, -1), `${archive}-plain`, "-o", "{id}.{ext}"], { env });
    expect([plain.code, plain.err]).toEqual([0, expect.not.stringContaining("unknown")]);
  });

  it("that do not exist end with 4 and leave the proof as it was", async () => {
    await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(20) } });
    const { rc, env, archive } = world;
    const id = rc.recordings()[0]?.id as string;
    const at = ["-d", archive];
    expect((await runHere(["download", id, "-s", "ringcentral", ...at], { env })).code).toBe(0);
    const before = await runHere(["report", "--format", "json", ...at], { env });
    const missed = await runHere(["download", "123456", "-s", "ringcentral", ...at, "-R", "0"], { env });
    expect([missed.code, missed.err]).toEqual([4, expect.stringContaining("123456")]);
    const after = await runHere(["report", "--format", "json", ...at], { env });
    expect([after.code, after.out.includes("123456")]).toEqual([before.code, false]);
    const status = await runHere(["status", "123456", ...at], { env });
    expect([status.code, status.err]).toEqual([4, expect.stringContaining("is not in this archive")]);
    expect((await runHere(["verify", ...at], { env })).code).toBe(0);
  });

  it("are named by TIM's rows, too", async () => {
    await using system = await openTimSystem();
    const file = system.file(
      "calls.csv",
      "datasource,voicelocation,voicefilename,starttime\n3,4,NCS1,2026-01-05 10:00:00\n3,4,NCS2,2026-01-06 10:00:00\n",
    );
    const args = ["download", "/r/tim/3/4/NCS2", "-s", "tim", "-d", system.archive];
    const finished = await runHere([...args, "--rows", file], { env: system.env });
    expect([finished.code, finished.err]).toEqual([0, expect.not.stringContaining("unknown")]);
    expect(system.held()).toEqual([expect.stringContaining("2026-01-06_10-00-00")]);
    expect(system.asked).toEqual(["NCS2"]);
  });
});
