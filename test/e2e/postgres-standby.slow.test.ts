import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noPostgres, type PostgresServer, type Standby, startPostgres, startStandby } from "../helpers/postgres.ts";
import { runHere } from "../helpers/run-here.ts";
import { eventsOf, openTimWorld } from "./tim-world.ts";

describe.skipIf(noPostgres)(`a standby of the ledger's database${noPostgres ? ` (${noPostgres})` : ""}`, () => {
  let server: PostgresServer;
  let standby: Standby;
  beforeAll(async () => {
    server = await startPostgres();
    standby = await startStandby(server);
  });
  afterAll(async () => {
    await standby?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  test("serves who only reads, refuses with 2 whoever writes, and is the ledger once it is promoted", async () => {
    await using world = await openTimWorld(6);
    const { tim, csv, archive } = world;
    const on = (url: string, ...args: string[]) =>
      runHere([...args, "-d", archive], {
        env: { ...world.env, CALLREEL_LEDGER: url, CALLREEL_LEDGER_PASSWORD: server.password },
      });
    const source = ["-s", "tim", "-r", csv];
    expect((await on(server.url, "download", ...source)).code).toBe(0);
    const listed = eventsOf((await on(server.url, "list", "--archive", "--json")).out);
    const [key, held] = listed.map((line) => String(line.key)) as [string, string];
    expect((await on(server.url, "hold", "add", held)).code).toBe(0);
    // A standby is behind for a moment.
    while ((await on(standby.url, "hold", "list")).out === "");

    const reading = ["status", "list --archive", "audit", "report --from 2000-01-01 --json -"];
    for (const command of reading) {
      const { code, out } = await on(standby.url, ...command.split(" "));
      expect([command, code, out]).toEqual([command, 0, expect.stringMatching(/./)]);
    }
    const writing = [
      ["download", ...source],
      ["download", "--pending"],
      ["purge", key, "--yes"],
      ["hold", "add", key],
      ["verify"],
      ["serve", "--port", "0"],
    ];
    for (const command of writing) {
      const { code, err } = await on(standby.url, ...command);
      expect([command, code, err]).toEqual([command, 2, expect.stringContaining("read-only replica")]);
    }
    expect((await on(standby.url, "doctor", ...source)).out).toMatch(/FAILED +ledger rights: .*read-only replica/);
    expect(world.held().size).toBe(tim.recordings().length);

    await standby.promote();
    tim.clearStats();
    const ended = await on(standby.url, "download", ...source);
    expect([ended.code, ended.err]).toEqual([0, expect.stringContaining("Nothing new")]);
    expect(tim.stats().requests).toEqual({ tim: 0, echo: 0 });
    const verified = await on(standby.url, "verify");
    expect([verified.code, verified.err]).toEqual([0, expect.stringContaining("all unchanged")]);
  });
});
