import { describe, expect, it } from "vitest";
import { eventsOf, openTimWorld, spoil } from "../e2e/tim-world.ts";
import { run, start, until } from "../helpers/bin.ts";
import { listLoadedModules, loadedModules } from "../helpers/loaded-modules.ts";

const inThreads = ["-j", "16", "--json"];

describe("transfers in threads of their own", () => {
  it("bring every recording, and tell of each bad body what one thread tells", async () => {
    await using world = await openTimWorld(60);
    const { tim, env, csv, archive, home } = world;
    const kinds = ["html", "json", "empty", "cut-body"] as const;
    spoil(tim, kinds);
    const failures = async (dest: string, ...more: string[]) => {
      const finished = await run(["download", "--rows", csv, "-R", "0", "--json", "-d", dest, ...more], { env });
      expect(finished.code).toBe(3);
      const failed = eventsOf(finished.out).filter((event) => event.event === "recording-failed");
      // Whether an empty answer counts as a word on the recording depends on what the address has given before it.
      const isEmpty = (message: unknown) => String(message).includes("an empty body");
      return failed
        .map(({ key, code, message }) => (isEmpty(message) ? { key, code: "empty" } : { key, code, message }))
        .sort(byKey);
    };
    const threaded = await failures(archive, ...inThreads);
    expect(threaded.length).toBe(kinds.length);
    expect(world.held().size).toBe(tim.recordings().length - kinds.length);
    expect(threaded).toEqual(await failures(`${home}/one-thread`, "-j", "4"));
    expect((await run(["verify", "-d", archive], { env })).code).toBe(0);
  });

  it("are cut by a second Ctrl-C at once, and the next run completes", async () => {
    await using world = await openTimWorld(40, { echo: { bytesPerSecond: 20_000 } });
    const { tim, env, csv, archive } = world;
    const running = start(["download", "--rows", csv, "-d", archive, ...inThreads], { env });
    await until(() => running.out().includes("recording-started"), "the first start");
    running.child.kill("SIGINT");
    await until(() => running.child.kill("SIGINT"), "the second signal");
    expect((await running.finished).code).toBe(130);
    tim.settings.echo.bytesPerSecond = 0;
    expect((await run(["download", "--rows", csv, "-d", archive, ...inThreads], { env })).code).toBe(0);
    expect(world.held().size).toBe(tim.recordings().length);
  });

  it("bring the others while the first recording of all gets no answer, and the next run brings that one", async () => {
    await using world = await openTimWorld(60);
    const { tim, env, csv, archive } = world;
    tim.settings.faults = [{ on: "echo", do: "hang", times: 1 }];
    const running = start(["download", "--rows", csv, "-d", archive, "--timeout", "10m", ...inThreads], { env });
    const others = tim.recordings().length - 1;
    const counted = (event: string) => running.out().split(`"event":"${event}"`).length - 1;
    await until(() => counted("recording-done") === others, "the others");
    expect(counted("attempt-failed")).toBe(0);
    running.child.kill("SIGINT");
    await until(() => running.child.kill("SIGINT"), "the second signal");
    expect((await running.finished).code).toBe(130);
    expect(world.held().size).toBe(others);
    expect((await run(["download", "--rows", csv, "-d", archive, ...inThreads], { env })).code).toBe(0);
    expect(world.held().size).toBe(others + 1);
  });

  it("serve --transfers auto as well", async () => {
    await using world = await openTimWorld(60);
    const { tim, env, csv, archive } = world;
    expect((await run(["download", "--rows", csv, "-d", archive, "-j", "auto"], { env })).code).toBe(0);
    expect(world.held().size).toBe(tim.recordings().length);
  });

  it.each([
    [2, false],
    [60, true],
  ])("are loaded for a run of more than a few recordings: %i", async (calls, loads) => {
    await using world = await openTimWorld(calls);
    const env = { ...world.env, NODE_OPTIONS: `--import ${listLoadedModules}` };
    const { code, err } = await run(["download", "--rows", world.csv, "-d", world.archive, ...inThreads], { env });
    expect([code, world.held().size]).toEqual([0, world.tim.recordings().length]);
    expect(loadedModules(err).some((url) => url.endsWith("/transfer-worker.js"))).toBe(loads);
  });

  it("are not asked where a rate is to be kept", async () => {
    await using world = await openTimWorld(20);
    const { tim, env, csv, archive } = world;
    const bytes = tim.recordings().reduce((sum, call) => sum + tim.audioOf(call.voicefilename).length, 0);
    const started = performance.now();
    const args = ["--limit-rate", String(Math.ceil(bytes / 2))];
    expect((await run(["download", "--rows", csv, "-d", archive, ...args, ...inThreads], { env })).code).toBe(0);
    expect(performance.now() - started).toBeGreaterThan(1500);
  });
});

function byKey(one: { key: unknown }, other: { key: unknown }): number {
  return String(one.key) < String(other.key) ? -1 : 1;
}
