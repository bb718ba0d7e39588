import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run, start, until } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { steppingClock, stillClock } from "../helpers/sandbox-clocks.ts";
import { eventsOf, finishedIn, openTimWorld, spoil } from "./tim-world.ts";

describe("an export of the calls table", () => {
  it("arrives byte-exact, each recording once, each with a young token of its own; again, nothing is asked", async () => {
    const clock = steppingClock();
    await using world = await openTimWorld(300, {}, {}, clock);
    const began = clock.now();
    const { tim, env, csv, archive } = world;
    const args = ["download", "-s", "tim", "--rows", csv, "-d", archive, "--json"];
    const first = await run(args, { env });
    expect([first.code, first.err]).toEqual([0, expect.not.stringContaining("callreel:")]);
    const stats = tim.stats();
    expect(world.held().size).toBe(tim.recordings().length);
    expect(Object.values(stats.audioRequests).every((times) => times === 1)).toBe(true);
    expect(stats).toMatchObject({ repeatedSalts: 0, echoSawAuthorization: 0, echoSawCookie: 0, refusedLogins: 0 });
    const ages = stats.tokenAges.map(({ ms }) => ms).sort((one, other) => one - other);
    expect(ages[Math.floor(ages.length / 2)]).toBeLessThan((clock.now() - began) / 10);

    const done = eventsOf(first.out).filter((event) => event.event === "recording-done");
    expect(done.length).toBe(tim.recordings().length);
    for (const { key, path, bytes } of done) {
      expect(readFileSync(join(archive, String(path))).length).toBe(bytes);
      expect(tim.recordings().some((call) => String(key).includes(call.voicefilename))).toBe(true);
    }
    tim.clearStats();
    const second = await run(args, { env });
    expect(second.code).toBe(0);
    expect(tim.stats().requests).toEqual({ tim: 0, echo: 0 });
    const last = eventsOf(second.out).at(-1);
    expect(last).toMatchObject({ event: "run-finished", done: 0, failed: 0, exitCode: 0 });
  });

  it("comes in through a pipe as well, and back from list --json", async () => {
    await using world = await openTimWorld(20);
    const { env, csv, archive, tim } = world;
    const listed = await runHere(["list", "--rows", "-", "--json"], { env, input: readFileSync(csv) });
    expect(listed.code).toBe(0);
    expect(eventsOf(listed.out).length).toBe(tim.recordings().length);
    const fetched = await runHere(["download", "--rows", "-", "-d", archive], { env, input: listed.out });
    expect(fetched.code).toBe(0);
    expect(world.held().size).toBe(tim.recordings().length);
  });

  it.each(["403", "401", "404", "410", "html", "empty", "reset"] as const)(
    "survives tokens that live a second and expire as %s",
    async (expired) => {
      await using world = await openTimWorld(40, { token: { ttlMs: 1000, expired } }, {}, stillClock());
      const { tim, env, csv, archive } = world;
      // Twice the sandbox's clock, which stands still else, jumps while tokens are on their way: whatever is in flight then has expired. The second
      // jump leaves what the first one hit the time to end: a recording refused twice in a row is taken for gone.
      tim.settings.faults = [4, 44].map((from) => ({ on: "tim", do: "delay", ms: 1, from, advanceMs: 1500 }));
      const finished = await runHere(["download", "--rows", csv, "-d", archive, "-j", "7"], { env });
      expect(tim.stats().expiredTokens).toBeGreaterThan(0);
      expect([finished.code, finished.err]).toEqual([0, expect.anything()]);
      expect(world.held().size).toBe(tim.recordings().length);
      expect(Math.max(...Object.values(tim.stats().tokenRequests))).toBeLessThanOrEqual(4);
    },
  );
});

describe("a wrong password", () => {
  it("costs one refused login in all and ends the run with 7", async () => {
    await using world = await openTimWorld(200);
    const { tim, env, csv, archive } = world;
    const wrong = { ...env, TIM_PASSWORD: "wrong" };
    const refused = await run(["download", "--rows", csv, "-d", archive, "-j", "8"], { env: wrong });
    expect(refused.code).toBe(7);
    expect(tim.stats().refusedLogins).toBe(1);
    expect(refused.out + refused.err).not.toContain('wrong"');
    expect(finishedIn(archive)).toEqual([]);
  });

  it("works with Digest once it is right", async () => {
    await using world = await openTimWorld(30, { login: { mode: "digest" } });
    const { tim, env, csv, archive } = world;
    expect((await runHere(["download", "--rows", csv, "-d", archive], { env })).code).toBe(0);
    expect(world.held().size).toBe(tim.recordings().length);
  });
});

describe("killed in the middle", () => {
  it("goes on where it was: complete, byte-exact, and only what was in flight is fetched again", async () => {
    await using world = await openTimWorld(60);
    const { tim, env, csv, archive } = world;
    for (let round = 0; round < 3; round += 1) {
      // Eight come, and the others have begun when it is killed, however late that is.
      tim.settings.faults = [{ on: "echo", do: "stall-body", bytes: 1_000, ms: 600_000, from: 9, times: 0 }];
      const running = start(["download", "--rows", csv, "-d", archive, "--json"], { env });
      await until(() => running.out().split('"recording-done"').length > 4, "a few recordings");
      running.child.kill("SIGKILL");
      await running.finished;
      world.held();
    }
    tim.settings.faults = [];
    expect((await runHere(["download", "--rows", csv, "-d", archive], { env })).code).toBe(0);
    expect(world.held().size).toBe(tim.recordings().length);
    const whole = Object.values(tim.stats().served).filter(({ times }) => times > 1);
    expect(whole.length).toBeLessThanOrEqual(3 * 8);
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
  });
});

describe("a mix of bad bodies", () => {
  it("costs only the bad ones, each with its own code, and --error-file brings back exactly those", async () => {
    await using world = await openTimWorld(40);
    const { tim, env, csv, archive, home } = world;
    const kinds = ["html", "json", "empty", "cut-body", "end-body"] as const;
    const ids = spoil(tim, kinds);
    tim.settings.access.audioMissing = [ids[5] as string];
    const errorFile = join(home, "failed.ndjson");
    const args = ["-d", archive, "-R", "0", "--json", "--error-file", errorFile];
    const first = await runHere(["download", "--rows", csv, ...args], { env });
    expect(first.code).toBe(3);
    const failed = eventsOf(first.out).filter((event) => event.event === "recording-failed");
    expect(failed.length).toBe(6);
    expect(new Set(failed.map((event) => event.code)).size).toBeGreaterThanOrEqual(4);
    expect(world.held().size).toBe(tim.recordings().length - 6);

    tim.settings.faults = [];
    tim.settings.access.audioMissing = [];
    tim.clearStats();
    const lines = readFileSync(errorFile, "utf8").trim().split("\n");
    expect(lines.length).toBe(6);
    const again = await runHere(["download", "--rows", errorFile, ...args], { env });
    // What the source called gone stays gone; everything else is fetched now.
    expect(again.code).toBe(0);
    expect(Object.keys(tim.stats().audioRequests).length).toBeLessThanOrEqual(6);
    expect(readFileSync(errorFile, "utf8")).toBe("");
  });
});

describe("bad input is told with a sentence and an exit code, never with a stack", () => {
  it.each<[string, string[], Record<string, string>, number, RegExp]>([
    [
      "rows without the needed columns",
      ["download", "--rows", "columns.csv"],
      {},
      2,
      /columns\.csv: .*no column .*--map/,
    ],
    ["rows that fit no system", ["download", "--rows", "odd.csv"], {}, 2, /match neither system/],
    ["a failed export", ["download", "--rows", "failed.txt"], {}, 2, /failed\.txt/],
    ["a file that is not there", ["download", "--rows", "none.csv"], {}, 2, /none\.csv/],
    ["an unknown source", ["download", "-s", "zoom"], {}, 2, /zoom/],
    ["an unknown flag", ["download", "--destt", "x"], {}, 2, /--dest/],
    ["nothing selected", ["download", "-s", "tim"], {}, 2, /--rows/],
    ["no login for the source", ["download", "-s", "ringcentral", "--from", "7d"], {}, 2, /RC_APP_CLIENT_ID/],
    [
      "nobody there",
      ["download", "--rows", "calls.csv"],
      { TIM_URL: "http://127.0.0.1:1" },
      5,
      /connection refused|could not reach the server/,
    ],
    ["a folder that cannot be", ["download", "--rows", "calls.csv", "-d", "calls.csv/x"], {}, 13, /calls\.csv/],
    ["a password in argv", ["download", "--database", "postgres://a:b@127.0.0.1/x"], {}, 2, /CALLREEL_DATABASE/],
    [
      "audio onto a terminal's pipe twice",
      ["download", "--rows", "calls.csv", "-o", "-"],
      {},
      2,
      /exactly one recording/,
    ],
  ])("%s", async (_, args, change, code, says) => {
    await using world = await openTimWorld(5);
    const { home, env } = world;
    writeFileSync(join(home, "columns.csv"), "datasource,name\n3,x\n");
    writeFileSync(join(home, "odd.csv"), "a,b\n1,2\n");
    writeFileSync(
      join(home, "failed.txt"),
      "Msg 208, Level 16, State 1, Server X, Line 1\nInvalid object name 'calls'.\n",
    );
    const words = args.map((word) => (/\.(csv|txt)\b/.test(word) ? join(home, word) : word));
    const finished = await runHere([...words, "-R", "0"].slice(0, args.length + (args[0] === "download" ? 2 : 0)), {
      env: { ...env, ...change },
      cwd: home,
    });
    expect(finished.err).toMatch(says);
    expect(finished.code).toBe(code);
    expect(finished.err).not.toMatch(/\n\s+at /);
  });
});

describe("one recording into a pipe", () => {
  it("is byte-exact, and nothing else is on stdout", async () => {
    await using world = await openTimWorld(10);
    const { tim, env } = world;
    const call = tim.recordings()[0] as { datasource: string; voicelocation: string; voicefilename: string };
    const path = `/r/tim/${[call.datasource, call.voicelocation, call.voicefilename].map(encodeURIComponent).join("/")}`;
    const finished = await run(["download", path, "-o", "-"], { env });
    expect([finished.code, finished.err]).toEqual([0, expect.anything()]);
    expect(finished.stdout.equals(tim.audioOf(call.voicefilename))).toBe(true);
  });

  it("writes nothing when the answer is no audio, and ends with 3", async () => {
    await using world = await openTimWorld(10, { faults: [{ on: "echo", do: "html", times: 0 }] });
    const call = world.tim.recordings()[0] as { datasource: string; voicelocation: string; voicefilename: string };
    const path = `/r/tim/${[call.datasource, call.voicelocation, call.voicefilename].map(encodeURIComponent).join("/")}`;
    const finished = await runHere(["download", path, "-o", "-", "-R", "0"], { env: world.env });
    expect(finished.out).toBe("");
    expect(finished.code).toBe(3);
  });

  it("ends quietly with 141 when the reader goes away", async () => {
    await using world = await openTimWorld(5, { audio: { every: { sparseBytes: 50_000_000 } } });
    const call = world.tim.recordings()[0] as { datasource: string; voicelocation: string; voicefilename: string };
    const path = `/r/tim/${[call.datasource, call.voicelocation, call.voicefilename].map(encodeURIComponent).join("/")}`;
    const running = start(["download", path, "-o", "-"], { env: world.env });
    await until(() => running.out().length > 100, "the first bytes");
    running.child.stdout?.destroy();
    const finished = await running.finished;
    expect([finished.code, finished.err]).toEqual([141, ""]);
  });
});

describe("a run ends when asked", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s with %i, and the next one completes", async (signal, code) => {
    // Some come at once; the others take longer than any signal.
    await using world = await openTimWorld(40, { faults: [{ on: "tim", do: "delay", ms: 3_000, from: 12, times: 0 }] });
    const { tim, env, csv, archive } = world;
    const running = start(["download", "--rows", csv, "-d", archive, "--json"], { env });
    await until(() => running.out().includes("recording-done"), "the first recording");
    running.child.kill(signal);
    const finished = await running.finished;
    expect(finished.code).toBe(code);
    tim.settings.faults = [];
    expect((await runHere(["download", "--rows", csv, "-d", archive], { env })).code).toBe(0);
    expect(world.held().size).toBe(tim.recordings().length);
  });

  it("at a cap with 8, and by another run's lock with 11", async () => {
    await using world = await openTimWorld(40, { echo: { bytesPerSecond: 1_000 } });
    const { env, csv, archive, tim } = world;
    const running = start(["download", "--rows", csv, "-d", archive, "--json"], { env });
    await until(() => running.out().includes("run-started"), "the start");
    const locked = await run(["download", "--rows", csv, "-d", archive], { env });
    expect(locked.code).toBe(11);
    expect(locked.err).toMatch(/lock-wait|another run/i);
    running.child.kill("SIGKILL");
    await running.finished;
    tim.settings.echo.bytesPerSecond = 0;
    expect((await run(["download", "--rows", csv, "-d", archive, "--max-downloads", "3"], { env })).code).toBe(8);
  });
});
