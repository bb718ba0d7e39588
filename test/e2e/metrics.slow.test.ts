import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { openRingCentralWorld } from "./ringcentral-world.ts";
import { finishedIn, openTimWorld } from "./tim-world.ts";

/** Samples by name and labels, of a text that Prometheus itself accepts. */
function samplesOf(text: string): Record<string, number> {
  const { status, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => [line.replace(/ [^ ]+$/, ""), Number(/ ([^ ]+)$/.exec(line)?.[1])]));
}

const success = "callreel_last_success_timestamp_seconds";

describe("--metrics", () => {
  it("tells of a good run: what is held, when, how long; readable for others, nothing left beside it", async () => {
    await using world = await openTimWorld(12);
    const { csv, archive, env, home } = world;
    const folder = join(home, "textfile");
    mkdirSync(folder);
    const file = join(folder, "callreel.prom");
    const before = Date.now() / 1000;
    const download = ["download", "--rows", csv, "-d", archive, "--metrics", file];
    expect((await runHere(download, { env })).code).toBe(0);
    const samples = samplesOf(readFileSync(file, "utf8"));
    const bytes = finishedIn(archive).reduce((sum, path) => sum + statSync(path).size, 0);
    expect(samples).toMatchObject({
      callreel_exit_code: 0,
      callreel_bytes_total: bytes,
      callreel_held_bytes: bytes,
      'callreel_recordings{state="held"}': world.held().size,
      'callreel_recordings{state="failed"}': 0,
      'callreel_recordings{state="pending"}': 0,
      'callreel_recordings{state="gone"}': 0,
      'callreel_expiring_recordings{days="7"}': 0,
      'callreel_expiring_recordings{days="30"}': 0,
    });
    expect(samples[success]).toBeGreaterThan(before - 1);
    expect(samples.callreel_run_duration_seconds).toBeGreaterThan(0);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(["callreel.prom"]);

    const printed = samplesOf((await runHere(["status", "--prometheus", "-d", archive], { env })).out);
    expect(printed).toMatchObject(samples);
  });

  it("tells of failed runs with the last success as it was, whatever ended them", async () => {
    await using world = await openTimWorld(12);
    const { csv, archive, env, home } = world;
    const file = join(home, "callreel.prom");
    const download = ["download", "--rows", csv, "-d", archive, "--metrics", file, "-R", "0"];
    const ended = async (args: readonly string[], settings: Record<string, string> = {}) => {
      const { code } = await runHere(args, { env: { ...env, ...settings } });
      const samples = samplesOf(readFileSync(file, "utf8"));
      expect(samples.callreel_exit_code).toBe(code);
      return { code, samples };
    };
    const refused = await ended([...download, "--force-overwrites"], { TIM_PASSWORD: "wrong" });
    expect([refused.code, refused.samples[success]]).toEqual([7, 0]);
    const good = await ended(download);
    expect([good.code, good.samples[success]]).toEqual([0, expect.any(Number)]);
    const again = await ended([...download, "--force-overwrites"], { TIM_PASSWORD: "wrong" });
    expect([again.code, again.samples[success]]).toEqual([7, good.samples[success]]);
    const usage = await ended([...download, "--from", "nonsense"]);
    expect([usage.code, usage.samples[success]]).toEqual([2, good.samples[success]]);
    rmSync(join(archive, ".callreel", "ledger.db"));
    const lost = await ended(download);
    expect([lost.code, lost.samples]).toEqual([13, expect.objectContaining({ [success]: good.samples[success] })]);
    expect(Object.keys(lost.samples).join()).not.toContain("callreel_recordings");
  });

  it("tells how much of RingCentral's budget is used", async () => {
    await using world = await openRingCentralWorld({ data: { recordings: 3 } });
    const { archive, env, home } = world;
    const file = join(home, "callreel.prom");
    const { code, err } = await runHere(
      ["download", "-s", "ringcentral", "--from", "30d", "-d", archive, "--metrics", file],
      { env },
    );
    expect([code, err]).toEqual([0, expect.any(String)]);
    const samples = samplesOf(readFileSync(file, "utf8"));
    expect(samples['callreel_budget_limit_requests{source="ringcentral"}']).toBe(10);
    expect(samples['callreel_budget_used_requests{source="ringcentral"}']).toBeGreaterThanOrEqual(3);
  });

  it("refuses a place where nothing can be written before anything is asked, and writes nothing for a dry run", async () => {
    await using world = await openTimWorld(3);
    const { csv, archive, env, home } = world;
    const download = ["download", "--rows", csv, "-d", archive, "--metrics"];
    const nowhere = await runHere([...download, join(home, "none", "callreel.prom")], { env });
    expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringMatching(/^callreel: --metrics: the folder .*none/)]);
    const folder = await runHere([...download, home], { env });
    expect([folder.code, folder.err]).toEqual([2, expect.stringMatching(/^callreel: --metrics: .* not a plain file/)]);
    expect(existsSync(archive)).toBe(false);
    const dry = join(home, "dry.prom");
    writeFileSync(dry, "before\n");
    expect((await runHere([...download, dry, "-n"], { env })).code).toBe(0);
    expect(readFileSync(dry, "utf8")).toBe("before\n");
  });
});

it("status --prometheus prints the whole archive's metrics only", async () => {
  await using world = await openTimWorld(3);
  const { csv, archive, env } = world;
  await runHere(["download", "--rows", csv, "-d", archive], { env });
  for (const more of ["--json", "NCS0001"]) {
    const { code, out, err } = await runHere(["status", "--prometheus", more, "-d", archive], { env });
    expect([code, out, err]).toEqual([2, "", expect.stringMatching(/--prometheus/)]);
  }
});
