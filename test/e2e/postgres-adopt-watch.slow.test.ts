import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Running, start, until } from "../helpers/bin.ts";
import { noPostgres, type PostgresServer, startPostgres } from "../helpers/postgres.ts";
import { runHere } from "../helpers/run-here.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { eventsOf, openTimWorld } from "./tim-world.ts";

describe.skipIf(noPostgres)(`a ledger in PostgreSQL${noPostgres ? ` (${noPostgres})` : ""}`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(() => server.run("DROP SCHEMA IF EXISTS callreel CASCADE"));

  const ledger = () => ({ CALLREEL_LEDGER: server.url, CALLREEL_LEDGER_PASSWORD: server.password });

  test("takes over with adopt the files of an archive without a ledger, once", async () => {
    await using world = await openTimWorld(12);
    const { tim, csv, archive } = world;
    const old = join(world.home, "old");
    expect((await runHere(["download", "-s", "tim", "-r", csv, "-d", old], { env: world.env })).code).toBe(0);
    rmSync(join(old, ".callreel"), { recursive: true });
    cpSync(old, archive, { recursive: true });
    const env = { ...world.env, ...ledger() };
    const count = tim.recordings().length;
    const adopt = () => runHere(["adopt", archive, "-r", csv, "-d", archive], { env });
    expect(await adopt()).toMatchObject({ code: 0, err: expect.stringContaining(`${count} recordings`) });
    expect(await adopt()).toMatchObject({ code: 0, err: expect.stringContaining("0 recordings") });
    tim.clearStats();
    expect((await runHere(["download", "-s", "tim", "-r", csv, "-d", archive], { env })).code).toBe(0);
    expect(tim.stats().requests).toEqual({ tim: 0, echo: 0 });
    const verified = await runHere(["verify", "-d", archive], { env });
    expect([verified.code, verified.err]).toEqual([0, expect.stringContaining("all unchanged")]);
    expect((await runHere(["audit", "-d", archive], { env })).out).toMatch(new RegExp(` adopt .*${count} recordings`));
  });

  test("is watched while the database is restarted and another machine downloads: each call is brought once", async () => {
    await using world = await openRingCentralWorld({
      data: { recordings: 4, layout: "plain", days: 2, seconds: [2, 4], endMs: Date.now() - 30 * 3_600_000 },
      settings: { limits: quickBudget(100), callLog: { listDelaySeconds: 0 } },
    });
    const { rc, archive } = world;
    const on = (machine: string, ...args: string[]) => {
      const home = join(world.home, machine);
      const own = { HOME: home, XDG_STATE_HOME: join(home, "state"), XDG_CONFIG_HOME: join(home, "config") };
      return start([...args, "-s", "ringcentral", "-d", archive, "--json"], {
        env: { ...world.env, ...own, ...ledger(), CALLREEL_TOKEN_KEY: "ab".repeat(32) },
      });
    };
    const watching = on("one", "watch", "--every", "200ms");
    const runs = [watching];
    const call = (count: number) => rc.addCalls(count, 3).flatMap(({ recordings }) => recordings);
    const arrived = async (ids: readonly string[]) => {
      const missing = () => ids.filter((id) => !runs.flatMap(doneBy).includes(`ringcentral/${id}`));
      await until(() => missing().length === 0, `recordings\n${watching.err()}`);
    };
    await arrived(rc.recordings().map(({ id }) => id));
    const beside = on("other", "download", "--from", "2d");
    runs.push(beside);
    await arrived(call(3));
    expect((await beside.finished).code).toBe(0);
    await server.stop();
    const meanwhile = call(2);
    await server.start();
    await arrived(meanwhile);
    await arrived(call(1));
    watching.child.kill("SIGTERM");
    const { code, err } = await watching.finished;
    expect([code, err]).toEqual([0, expect.stringContaining("Stopped watching")]);
    expect(runs.flatMap(doneBy)).toHaveLength(10);
    expect(world.held().size).toBe(10);
    expect(rc.stats()).toMatchObject({ penalties: 0, violations: 0, tokenRequests: 1 });
    const verified = await runHere(["verify", "-d", archive], { env: { ...world.env, ...ledger() } });
    expect([verified.code, verified.err]).toEqual([0, expect.stringContaining("all unchanged")]);
  });
});

function doneBy({ out }: Running): string[] {
  const whole = out().slice(0, out().lastIndexOf("\n") + 1);
  return eventsOf(whole).flatMap(({ event, key }) => (event === "recording-done" ? [String(key)] : []));
}
