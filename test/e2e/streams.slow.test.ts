import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { eventsOf, finishedIn, openTimWorld, type TimWorld } from "./tim-world.ts";

describe("-q", () => {
  it("prints nothing at all when all went well, for both systems and the second time too", async () => {
    await using tim = await openTimWorld(15);
    await using rc = await openRingCentralWorld({ settings: { limits: quickBudget(200) } });
    const env = { ...rc.env, ...tim.tim.env };
    const quiet = [
      ["download", "-s", "tim", "--rows", tim.csv, "-d", tim.archive, "-q"],
      ["download", "-s", "ringcentral", "--from", "60d", "-d", rc.archive, "-q"],
      ["verify", "-d", rc.archive, "-q"],
    ];
    for (const args of [...quiet, ...quiet])
      expect([args[0], await runHere(args, { env })]).toEqual([
        args[0],
        expect.objectContaining({ code: 0, out: "", err: "" }),
      ]);
    expect(tim.held().size).toBe(tim.tim.recordings().length);
    expect(rc.held().size).toBe(rc.rc.recordings().length);
  });

  it("still says what failed, and how to go on", async () => {
    await using world = await openTimWorld(6);
    spoilFirst(world);
    const { code, out, err } = await download(world, "-q", "-R", "0");
    expect([code, out]).toEqual([3, ""]);
    expect(err).toMatch(/fail/i);
  });
});

describe("-q of a run that stopped", () => {
  it.each([
    ["rows that fit no system", 2, ["--rows", "rows"], /rows contains no rows/],
    ["a refused login", 7, ["--tim-user", "nobody"], /login/i],
    ["a full disk behind the error file", 13, ["--error-file", "/dev/full"], /disk is full/],
  ] as const)("tells why: %s", async (_, exit, args, why) => {
    await using world = await openTimWorld(3);
    if (exit === 13) world.tim.settings.faults = [{ on: "echo", do: "html", times: 0 }];
    writeFileSync(join(world.home, "rows"), `${",".repeat(9)}\n${",".repeat(9)}\n`);
    const rows = args[0] === "--rows" ? [] : ["--rows", world.csv];
    const given = args.map((arg) => (arg === "rows" ? join(world.home, arg) : arg));
    const base = ["download", "-s", "tim", "-d", world.archive, "-q", "-R", "0"];
    const { code, err } = await runHere([...base, ...rows, ...given], { env: world.env });
    expect([code, err]).toEqual([exit, expect.stringMatching(why)]);
  });
});

it("--limit-rate 0 is no limit", async () => {
  await using world = await openTimWorld(3);
  expect((await download(world, "--limit-rate", "0", "--max-duration", "30s")).code).toBe(0);
});

describe("stdout", () => {
  it("holds nothing but events with --json; each parses, and their sums agree with the disk", async () => {
    await using world = await openTimWorld(30);
    spoilFirst(world);
    const { out, code } = await download(world, "--json", "-R", "1");
    const events = eventsOf(out);
    const done = events.filter(({ event }) => event === "recording-done");
    const last = events.at(-1) as Record<string, number>;
    expect(
      events.every(({ event, time }) => typeof event === "string" && !Number.isNaN(Date.parse(String(time)))),
    ).toBe(true);
    expect([events[0]?.event, last.event, last.exitCode, code]).toEqual(["run-started", "run-finished", 3, 3]);
    const files = finishedIn(world.archive).map((path) => readFileSync(path));
    expect([last.done, last.failed, last.bytes]).toEqual([
      files.length,
      1,
      files.reduce((sum, { length }) => sum + length, 0),
    ]);
    expect(done.map(({ sha256 }) => sha256).sort()).toEqual(
      files.map((bytes) => createHash("sha256").update(bytes).digest("hex")).sort(),
    );
    expect(done.reduce((sum, { bytes }) => sum + Number(bytes), 0)).toBe(last.bytes);
  });

  it.each([["plain"], ["none"], ["json"], ["bar"], ["auto"]])("stays empty with --progress %s", async (how) => {
    await using world = await openTimWorld(6);
    const { code, out, err } = await download(world, "--progress", how);
    expect([code, out]).toEqual([0, ""]);
    if (how === "json") expect(eventsOf(err).at(-1)).toMatchObject({ event: "run-finished", exitCode: 0 });
    else if (how === "none") expect(err).toBe("");
    else expect(err).toMatch(/\n$/);
    // No terminal here: nothing may move a cursor or colour a word.
    expect(err).not.toContain("\u001b");
  });

  it("tells of --dry-run how many, how much audio and how long, as one JSON line when asked", async () => {
    await using world = await openRingCentralWorld({ settings: { limits: quickBudget(200) } });
    const args = ["download", "-s", "ringcentral", "--from", "60d", "-d", world.archive, "-n"];
    const said = await runHere(args, { env: world.env });
    expect([said.code, said.err]).toEqual([0, ""]);
    expect(said.out).toMatch(new RegExp(`^${world.rc.recordings().length} recordings to download ≈ .* at .*audio`));
    const json = await runHere([...args, "--json"], { env: world.env });
    expect(eventsOf(json.out)).toEqual([
      expect.objectContaining({ event: "dry-run", recordings: world.rc.recordings().length, settled: 0 }),
    ]);
    expect(existsSync(world.archive) ? finishedIn(world.archive) : []).toEqual([]);
  });
});

describe("--error-file", () => {
  it("is written empty when nothing failed, and may be the very file that is read", async () => {
    await using world = await openTimWorld(8);
    const file = join(world.home, "failed.ndjson");
    spoilFirst(world);
    expect((await download(world, "-R", "0", "--error-file", file)).code).toBe(3);
    expect(eventsOf(readFileSync(file, "utf8")).length).toBe(1);
    const again = () =>
      runHere(["download", "--rows", file, "-d", world.archive, "-R", "0", "--error-file", file], { env: world.env });
    expect((await again()).code).toBe(3);
    expect(eventsOf(readFileSync(file, "utf8")).length).toBe(1);
    world.tim.settings.faults = [];
    expect((await again()).code).toBe(0);
    expect(readFileSync(file, "utf8")).toBe("");
    expect(world.held().size).toBe(world.tim.recordings().length);
  });

  it("that cannot be written is wrong usage, named before anything is fetched", async () => {
    await using world = await openTimWorld(3);
    const { code, err } = await download(world, "--error-file", join(world.home, "no/such/folder"));
    expect([code, err]).toEqual([2, expect.stringMatching(/--error-file/)]);
    expect(world.tim.stats().requests.tim).toBe(0);
  });

  it("that the disk has no room for ends the run with 13", async () => {
    await using world = await openTimWorld(12);
    world.tim.settings.faults = [{ on: "echo", do: "html", times: 0 }];
    const { code, err } = await download(world, "-R", "0", "--error-file", "/dev/full");
    expect([code, err]).toEqual([13, expect.stringMatching(/\/dev\/full: the disk is full/)]);
  });

  it.each(["--error-file", "--log-file"])("is told at once when %s is a pipe that nobody reads", async (flag) => {
    await using world = await openTimWorld(3);
    execFileSync("mkfifo", [join(world.home, "pipe")]);
    const { code, err } = await download(world, flag, join(world.home, "pipe"));
    expect([code, err]).toEqual([2, expect.stringMatching(/ENXIO/)]);
    expect(world.tim.stats().requests.tim).toBe(0);
  });
});

describe("nobody is asked anything", () => {
  it.each([[["--no-input"]], [[]]])(
    "by auth login tim %s without a terminal: 2, and what to set instead",
    async (args) => {
      await using world = await openTimWorld(1);
      const { TIM_URL: _, TIM_USERNAME: __, TIM_PASSWORD: ___, ...env } = world.env;
      const { code, out, err } = await runHere(["auth", "login", "tim", ...args], { env });
      expect([code, out]).toEqual([2, ""]);
      expect(err).toMatch(/--tim-url/);
    },
  );
});

describe("a typing error", () => {
  it.each([
    [["downlaod"], /Did you mean download\?/],
    [["download", "--form", "7d"], /Did you mean .*--from/],
    [["download", "--transfers", "many"], /--transfers.*many/],
    [["download", "-s", "zoom"], /ringcentral or tim, not "zoom"/],
    [["download", "--max-duration", "soon", "--from", "7d"], /--max-duration.*soon/],
    [["verify", "extra"], /argument/],
    [["auth", "login"], /argument/],
    [["config", "get", "dset"], /dset/],
    [["download", "--json=yes"], /--json/],
    [["purge", "--before", "whenever"], /whenever/],
  ])("%j is told with its remedy and 2", async (args, says) => {
    const { code, out, err } = await runHere(args, { env: { HOME: "/nonexistent" } });
    expect([code, out, err]).toEqual([2, "", expect.stringMatching(says)]);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it("in the environment or a profile is named by where it stands", async () => {
    await using world = await openTimWorld(1);
    const env = { ...world.env, CALLREEL_TRANSFERS: "none" };
    expect(await run(["list"], { env })).toMatchObject({
      code: 2,
      err: expect.stringContaining("CALLREEL_TRANSFERS"),
    });
    const config = join(world.home, "settings.json");
    writeFileSync(config, JSON.stringify({ profiles: { default: { transfers: "none" } } }));
    const stored = await run(["list", "--config", config], { env: world.env });
    expect(stored).toMatchObject({ code: 2, err: expect.stringContaining(`profile default in ${config}`) });
    writeFileSync(config, "{");
    expect(await run(["list", "--config", config], { env: world.env })).toMatchObject({
      code: 2,
      err: expect.stringContaining(config),
    });
  });
});

function download(world: TimWorld, ...args: string[]) {
  return runHere(["download", "--rows", world.csv, "-d", world.archive, ...args], { env: world.env });
}

function spoilFirst({ tim }: TimWorld): void {
  const recording = tim.recordings()[0]?.voicefilename as string;
  tim.settings.faults = [{ on: "echo", do: "html", recording, times: 0 }];
}
