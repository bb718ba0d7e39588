import { beforeEach, expect, test } from "vitest";
import { freePort } from "../helpers/database-server.ts";
import { runHere } from "../helpers/run-here.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";
import { eventsOf, openTimWorld } from "./tim-world.ts";

describeOnPostgres("a ledger in PostgreSQL", (server) => {
  beforeEach(() => server.run("DROP SCHEMA IF EXISTS callreel CASCADE"));

  const withLedger = (env: Record<string, string | undefined>) => ({
    ...env,
    CALLREEL_LEDGER: server.url,
    CALLREEL_LEDGER_PASSWORD: server.password,
  });

  test("serves download, status, list, verify, audit, report and purge", async () => {
    await using world = await openTimWorld(12);
    const { tim, csv, archive } = world;
    const env = withLedger(world.env);
    const count = tim.recordings().length;
    const args = ["download", "-s", "tim", "--rows", csv, "-d", archive, "--json"];
    const first = await runHere(args, { env });
    expect([first.code, first.err]).toEqual([0, expect.not.stringContaining("callreel:")]);
    expect(world.held().size).toBe(count);
    tim.clearStats();
    expect((await runHere(args, { env })).code).toBe(0);
    expect(tim.stats().requests).toEqual({ tim: 0, echo: 0 });
    const status = await runHere(["status", "-d", archive, "--json"], { env });
    expect([status.code, status.out]).toEqual([0, expect.stringContaining('"runs"')]);
    const listed = await runHere(["list", "--archive", "-d", archive, "--json"], { env });
    expect([listed.code, listed.err, eventsOf(listed.out).length]).toEqual([0, "", count]);
    const verified = await runHere(["verify", "-d", archive], { env });
    expect([verified.code, verified.err]).toEqual([0, expect.stringContaining("all unchanged")]);
    const [key] = eventsOf(listed.out).map((line) => String(line.key));
    const purged = await runHere(["purge", String(key), "-d", archive, "--yes"], { env });
    expect([purged.code, purged.err]).toEqual([0, expect.anything()]);
    expect(world.held().size).toBe(count - 1);
    expect((await runHere(["audit", "-d", archive], { env })).out).toContain("purge");
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
    expect((await runHere(["report", "--from", "1900d", "-d", archive, "--json", "-"], { env })).code).toBe(0);
    await server.run("UPDATE callreel.runs SET done = done + 1 WHERE seq = 1");
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(6);
  });

  test("refuses with a sentence what it cannot work with", async () => {
    const env = { CALLREEL_LEDGER_PASSWORD: server.password };
    const tried = async (ledger: string, more: Record<string, string | undefined> = {}) => {
      const { code, err } = await runHere(["status", "--ledger", ledger], { env: { ...env, ...more } });
      return [code, err];
    };
    expect(await tried(server.url)).toEqual([
      13,
      expect.stringContaining("There is no ledger in postgres://127.0.0.1"),
    ]);
    const wrong = { CALLREEL_LEDGER_PASSWORD: "wrong" };
    expect(await tried(server.url, wrong)).toEqual([7, expect.stringContaining("login was refused")]);
    expect(await tried(`${server.url}?sslmode=require`)).toEqual([
      5,
      expect.stringContaining("secure connection failed"),
    ]);
    const nobody = `postgres://callreel@127.0.0.1:${await freePort()}/tim`;
    expect(await tried(nobody)).toEqual([5, expect.stringContaining("cannot be reached")]);
    const inArgv = await tried("postgres://callreel:hunter2@127.0.0.1/tim");
    expect(inArgv).toEqual([2, expect.stringContaining("CALLREEL_LEDGER_PASSWORD")]);
    expect(inArgv[1]).not.toContain("hunter2");
    await server.run(
      "CREATE SCHEMA callreel; CREATE TABLE callreel.version (version integer); INSERT INTO callreel.version VALUES (99)",
    );
    expect(await tried(server.url)).toEqual([13, expect.stringContaining("is from a newer callreel (version 99")]);
  });

  test("refuses what a login may not do, before anything is lost, and doctor says what it lacks", async () => {
    await using world = await openTimWorld(3);
    const { csv, archive } = world;
    const env = withLedger(world.env);
    const source = ["-s", "tim", "--rows", csv, "-d", archive];
    expect((await runHere(["download", ...source], { env })).code).toBe(0);
    const [key] = world.held().keys();
    for (const role of ["reader", "replica"]) await server.run(`DROP ROLE IF EXISTS ${role}`);
    const password = server.password.replaceAll("'", "''");
    await server.run(`CREATE ROLE reader LOGIN PASSWORD '${password}'; GRANT USAGE ON SCHEMA callreel TO reader;
      GRANT SELECT ON ALL TABLES IN SCHEMA callreel TO reader; CREATE ROLE replica LOGIN SUPERUSER PASSWORD '${password}';
      ALTER ROLE replica SET default_transaction_read_only = on`);
    const as = async (role: string, ...args: string[]) => {
      const { code, out, err } = await runHere([...args, "-d", archive], {
        env: { ...env, CALLREEL_LEDGER: server.url.replace("callreel@", `${role}@`) },
      });
      return { code, out, err };
    };
    const cases = [
      ["reader", 7, "the user may not do this here", "may not read and write callreel."],
      ["replica", 2, "nothing can be written there", "may only read"],
    ] as const;
    for (const [role, code, words, told] of cases) {
      expect((await as(role, "status")).code).toBe(0);
      expect(await as(role, "list", "--archive")).toMatchObject({ code: 0, out: expect.stringContaining(String(key)) });
      const verified = await as(role, "verify");
      expect([verified.code, verified.err]).toEqual([code, expect.stringContaining("all unchanged")]);
      expect(verified.err).toContain(words);
      for (const args of [
        ["hold", "add", String(key)],
        ["purge", String(key), "--yes"],
        ["download", ...source],
      ]) {
        expect(await as(role, ...args)).toMatchObject({ code, err: expect.stringContaining(words) });
      }
      expect((await as(role, "doctor", "-s", "tim")).out).toContain(told);
      expect(world.held().size).toBe(3);
    }
    const none = { CALLREEL_LEDGER: server.url.replace(server.name, "nosuch") };
    const nosuch = await runHere(["download", ...source], { env: { ...env, ...none } });
    expect([nosuch.code, nosuch.err]).toEqual([2, expect.stringContaining("there is no such database")]);
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
    const rebuilt = await runHere(["verify", "--rebuild", "-d", archive], { env });
    expect([rebuilt.code, rebuilt.err]).toEqual([
      2,
      expect.stringContaining("restored from the database's own backup"),
    ]);
    await server.run("DROP OWNED BY reader");
  });
});
