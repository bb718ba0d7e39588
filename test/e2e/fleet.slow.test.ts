import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run, start, until } from "../helpers/bin.ts";
import { breakingProxy } from "../helpers/breaking-proxy.ts";
import { noPostgres, type PostgresServer, startPostgres } from "../helpers/postgres.ts";
import { runHere } from "../helpers/run-here.ts";
import { eventsOf, openTimWorld, type TimWorld } from "./tim-world.ts";

describe.skipIf(noPostgres)("workers of one ledger in PostgreSQL", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(() => server.run("DROP SCHEMA IF EXISTS callreel CASCADE"));

  const withLedger = (env: Record<string, string | undefined>) => ({
    CALLREEL_LEDGER: server.url,
    CALLREEL_LEDGER_PASSWORD: server.password,
    ...env,
  });

  const worker = (world: TimWorld, name: string, ...more: string[]) =>
    start(["download", "-s", "tim", "--rows", world.csv, "-d", world.archive, "--json", "-j", "2", ...more], {
      env: withLedger({ ...world.env, HOME: join(world.archive, "..", `home-${name}`) }),
    });

  test("share the work when they are started at once: each ends well, and nothing is fetched twice", async () => {
    await using world = await openTimWorld(80);
    const count = world.tim.recordings().length;
    // None is through with its share before the others have one.
    world.tim.settings.faults = [{ on: "tim", do: "delay", ms: 2_000, times: 0 }];
    const workers = ["a", "b", "c"].map((name) => worker(world, name));
    for (const each of workers) await until(() => each.out().includes("recording-started"), "its share");
    world.tim.settings.faults = [];
    const all = await Promise.all(workers.map(({ finished }) => finished));
    expect(all.map(({ code, err }) => [code, err])).toEqual(
      all.map(() => [0, expect.not.stringContaining("callreel:")]),
    );
    const done = all.map(({ out }) => eventsOf(out).filter(({ event }) => event === "recording-done").length);
    expect(done.reduce((sum, each) => sum + each)).toBe(count);
    expect(done.filter((each) => each > 0).length).toBeGreaterThan(1);
    expect(world.tim.stats().requests.echo).toBe(count);
    expect(world.held().size).toBe(count);
    const verified = await runHere(["verify", "-d", world.archive], { env: withLedger(world.env) });
    expect([verified.code, verified.err]).toEqual([0, expect.anything()]);
  });

  test("take over from one that is killed and from one that sleeps past its lease, which says so when it wakes", async () => {
    await using world = await openTimWorld(80);
    const { tim, archive } = world;
    // Slow enough that neither is through with its share when the signal comes.
    tim.settings.faults = [{ on: "tim", do: "delay", ms: 2_000, times: 0 }];
    const killed = worker(world, "killed", "--lease", "3s");
    await until(() => killed.out().includes("recording-done"), "a recording");
    killed.child.kill("SIGKILL");
    const asleep = worker(world, "asleep", "--lease", "3s");
    await until(() => asleep.out().includes("recording-done"), "a recording");
    asleep.child.kill("SIGSTOP");
    tim.settings.faults = [];
    // Its row is closed by the first run that begins when its lease is over.
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    const last = await worker(world, "last").finished;
    expect([last.code, last.err]).toEqual([0, expect.not.stringContaining("callreel:")]);
    asleep.child.kill("SIGCONT");
    const woken = await asleep.finished;
    expect([3, 5]).toContain(woken.code);
    expect(woken.err).toContain("longer than its lease");
    expect(world.held().size).toBe(tim.recordings().length);
    const verified = await runHere(["verify", "-d", archive], { env: withLedger(world.env) });
    expect([verified.code, verified.err]).toEqual([0, expect.anything()]);
  });

  test("fetch what one has only listed, without listing again", async () => {
    await using world = await openTimWorld(80);
    const count = world.tim.recordings().length;
    const env = withLedger(world.env);
    const listed = await runHere(
      ["download", "-s", "tim", "--rows", world.csv, "-d", world.archive, "--enqueue-only"],
      {
        env,
      },
    );
    expect([listed.code, listed.err]).toEqual([
      0,
      expect.stringContaining("in the ledger, to be downloaded with --pending"),
    ]);
    expect([world.tim.stats().requests, world.held().size]).toEqual([{ tim: 0, echo: 0 }, 0]);
    const pending = () => run(["download", "--pending", "-d", world.archive, "--json", "-j", "2"], { env });
    const all = await Promise.all([pending(), pending(), pending()]);
    expect(all.map(({ code, err }) => [code, err])).toEqual(
      all.map(() => [0, expect.not.stringContaining("callreel:")]),
    );
    expect(world.tim.stats().requests.echo).toBe(count);
    expect(world.held().size).toBe(count);
    expect((await runHere(["verify", "-d", world.archive], { env })).code).toBe(0);
  });

  test("outlast a database that is restarted, and the one whose network is cut from it for a while", async () => {
    await using world = await openTimWorld(80);
    await using proxy = await breakingProxy(server.port);
    const { tim, archive } = world;
    tim.settings.faults = [{ on: "tim", do: "delay", ms: 300, times: 0 }];
    const through = { CALLREEL_LEDGER: server.url.replace(`:${server.port}/`, `:${proxy.port}/`) };
    const both = [worker(world, "near"), worker({ ...world, env: { ...world.env, ...through } }, "far")];
    for (const each of both) await until(() => each.out().includes("recording-done"), "a recording");
    proxy.cut();
    await server.stop();
    await server.start();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    proxy.mend();
    const all = await Promise.all(both.map(({ finished }) => finished));
    expect(all.map(({ code, err }) => [code, err])).toEqual(
      all.map(() => [0, expect.not.stringContaining("callreel:")]),
    );
    expect(world.held().size).toBe(tim.recordings().length);
    expect(tim.stats().requests.echo).toBe(tim.recordings().length);
    const verified = await runHere(["verify", "-d", archive], { env: withLedger(world.env) });
    expect([verified.code, verified.err]).toEqual([0, expect.anything()]);
  });
});
