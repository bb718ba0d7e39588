import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { start, until } from "../helpers/bin.ts";
import { breakingProxy } from "../helpers/breaking-proxy.ts";
import { runHere } from "../helpers/run-here.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";
import { eventsOf, openTimWorld, type TimWorld } from "./tim-world.ts";

describeOnPostgres("ledger copy", (server) => {
  beforeEach(() => server.run("DROP SCHEMA IF EXISTS callreel CASCADE"));

  const envOf = (world: TimWorld) => ({ ...world.env, CALLREEL_LEDGER_PASSWORD: server.password });
  const fileOf = (folder: string) => join(folder, ".callreel", "ledger.db");

  test("carries tombstones, holds, records and wanted ones into PostgreSQL and back, and all goes on there", async () => {
    await using world = await openTimWorld(12);
    const { tim, csv, archive, home } = world;
    const env = envOf(world);
    const call = async (...args: string[]) => {
      const { code, out, err } = await runHere(args, { env });
      return { code, out, err };
    };
    tim.settings.faults = [{ on: "tim", do: "html", recording: tim.recordings()[3]!.voicefilename, times: 0 }];
    await call("download", "-s", "tim", "--rows", csv, "-d", archive);
    const keys = eventsOf((await call("list", "--archive", "-d", archive, "--json")).out).map(({ key }) => String(key));
    expect((await call("hold", "add", keys[0]!, "-d", archive, "--reason", "claim")).code).toBe(0);
    expect((await call("purge", keys[1]!, "-d", archive, "--yes")).code).toBe(0);
    expect((await call("retention", "set", "7y", "-d", archive)).code).toBe(0);
    const asked = [
      ["list", "--archive", "--json"],
      ["hold", "list", "--json"],
      ["audit", "--json"],
      ["status", "--json"],
    ];
    const answers = (...ledger: string[]) =>
      Promise.all(asked.map(async (args) => (await call(...args, "-d", archive, ...ledger)).out));
    const before = await answers();
    const copied = await call("ledger", "copy", archive, server.url, "--json");
    const [event] = eventsOf(copied.out);
    expect([copied.code, copied.err, event]).toEqual([
      0,
      "",
      expect.objectContaining({ event: "ledger-copied", recordings: keys.length + 1, holds: 1, audits: 3 }),
    ]);
    expect(await answers("--ledger", server.url)).toEqual(before);
    const again = await call("ledger", "copy", archive, server.url);
    expect([again.code, again.err]).toEqual([2, expect.stringContaining("There is a ledger in postgres://")]);

    const back = join(home, "back");
    const returned = await call("ledger", "copy", server.url, back, "--json");
    expect([returned.code, eventsOf(returned.out)[0]]).toEqual([0, expect.objectContaining({ head: event?.head })]);
    expect(await answers("--ledger", fileOf(back))).toEqual(before);
    expect((await call("ledger", "copy", server.url, back)).code).toBe(2);

    const seen = await call("verify", "-d", archive, "--ledger", server.url, "--head", String(event?.head));
    expect([seen.code, seen.err]).toEqual([0, expect.stringContaining("all unchanged")]);
    tim.settings.faults = [];
    tim.clearStats();
    const further = await call("download", "-s", "tim", "--rows", csv, "-d", archive, "--ledger", server.url);
    expect([further.code, tim.stats().requests.echo]).toEqual([0, 1]);
    expect((await call("purge", keys[0]!, "-d", archive, "--yes", "--ledger", server.url)).code).toBe(3);
    expect((await call("verify", "-d", archive, "--ledger", server.url)).code).toBe(0);
  });

  test("that is killed leaves nothing behind that looks like a ledger, in either direction, and runs again", async () => {
    await using world = await openTimWorld(3);
    const { csv, archive, home } = world;
    const env = envOf(world);
    await runHere(["download", "-s", "tim", "--rows", csv, "-d", archive], { env });
    addRecordings(fileOf(archive), 15_000);
    await using proxy = await breakingProxy(server.port);
    const through = server.url.replace(`:${server.port}/`, `:${proxy.port}/`);
    const begun = proxy.holdAt("INSERT INTO recordings", 3);
    const copying = start(["ledger", "copy", archive, through], { env });
    await begun;
    copying.child.kill("SIGKILL");
    await copying.finished;
    const status = await runHere(["status", "-d", archive, "--ledger", server.url], { env });
    expect([status.code, status.err]).toEqual([13, expect.stringContaining("There is no ledger in postgres://")]);
    expect((await runHere(["ledger", "copy", archive, server.url], { env })).code).toBe(0);

    const back = join(home, "back");
    const half = proxy.holdAt("FROM recordings", 3);
    const returning = start(["ledger", "copy", through, back], { env });
    await half;
    expect(existsSync(`${fileOf(back)}.copying`)).toBe(true);
    returning.child.kill("SIGKILL");
    await returning.finished;
    const none = await runHere(["status", "-d", back], { env });
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("There is no archive at")]);
    const whole = await runHere(["ledger", "copy", server.url, back, "--json"], { env });
    expect([whole.code, existsSync(`${fileOf(back)}.copying`)]).toEqual([0, false]);
    expect(Number(eventsOf(whole.out)[0]?.recordings)).toBeGreaterThan(15_000);
  });

  test("refuses what is no ledger, what is in use, and records that were not whole", async () => {
    await using world = await openTimWorld(3);
    const { csv, archive, home } = world;
    const env = envOf(world);
    const tried = async (...args: string[]) => {
      const { code, err } = await runHere(["ledger", ...args], { env });
      return [code, err];
    };
    expect(await tried("copy", archive, server.url)).toEqual([2, expect.stringContaining("There is no ledger at")]);
    expect(await tried("copy", server.url, archive)).toEqual([13, expect.stringContaining("There is no ledger in")]);
    expect(await tried("copy", archive, "mysql://h/d")).toEqual([2, expect.stringContaining("postgres://user@host")]);
    const inArgv = await tried("copy", archive, "postgres://me:hunter2@127.0.0.1/tim");
    expect(inArgv).toEqual([2, expect.not.stringContaining("hunter2")]);
    await runHere(["download", "-s", "tim", "--rows", csv, "-d", archive], { env });
    expect(await tried("copy", archive, join(home, "other"))).toEqual([2, expect.stringContaining("of a kind")]);
    const player = start(["serve", "-d", archive, "--port", "0"], { env });
    await until(() => player.out().includes("http"), "the player");
    expect(await tried("copy", archive, server.url)).toEqual([11, expect.stringContaining("is in use by")]);
    player.child.kill("SIGTERM");
    await player.finished;
    const database = openSqlite(fileOf(archive));
    database.exec("UPDATE runs SET done = done + 1");
    database.close();
    expect(await tried("copy", archive, server.url)).toEqual([6, expect.stringContaining("were not whole before")]);
  });
});

/** Many more recordings that are wanted. */
function addRecordings(file: string, count: number): void {
  const database = openSqlite(file);
  database.exec(`INSERT INTO recordings (key, source, id, state, first_seen, changed)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    SELECT 'ringcentral/' || i, 'ringcentral', i, 'pending', 0, 0 FROM n`);
  database.close();
}
