import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openPostgresDatabase, type Statements } from "../../src/platform/postgres.ts";
import { breakingProxy } from "../helpers/breaking-proxy.ts";
import { noPostgres, type PostgresServer, startPostgres } from "../helpers/postgres.ts";

describe.skipIf(noPostgres)("a database whose connection breaks", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(() => server.run("DROP TABLE IF EXISTS noted; CREATE TABLE noted (id serial, word text)"));

  const opened = (port = server.port) =>
    openPostgresDatabase(`postgres://callreel@127.0.0.1:${port}/tim`, { flag: "--ledger", password: server.password });
  const note = ({ change }: Statements) => change("INSERT INTO noted (word) VALUES ('one')");
  const count = async () => {
    const { port, password } = server;
    const client = new pg.Client({ host: "127.0.0.1", port, user: "callreel", password, database: "tim" });
    await client.connect();
    const { rows } = await client.query("SELECT count(*)::int AS count FROM noted");
    await client.end();
    return rows[0].count;
  };

  test("does a transaction once, wherever within it the server is restarted", async () => {
    await using database = await opened();
    let tries = 0;
    await database.transaction(async (sql) => {
      await note(sql);
      tries += 1;
      if (tries > 1) return;
      await server.stop();
      await server.start();
    });
    expect([tries, await count()]).toEqual([2, 1]);
    await server.stop("SIGQUIT");
    await server.start();
    await database.transaction(note);
    expect(await count()).toBe(2);
  });

  test.each(["before the server has it", "after the server has it"])(
    "does a transaction once whose COMMIT is cut off %s",
    async (when) => {
      await using proxy = await breakingProxy(server.port);
      await using database = await opened(proxy.port);
      await database.transaction(async ({ rows }) => rows("SELECT 1"));
      proxy.cutAt("COMMIT", when.startsWith("after"));
      await database.transaction(note);
      expect([proxy.cuts(), await count()]).toEqual([1, 1]);
    },
  );

  test("keeps nobody waiting for a process that stands still within a transaction", async () => {
    await using asleep = await opened();
    await using other = await opened();
    await other.transaction(note);
    let tries = 0;
    const slow = asleep.transaction(async ({ change }) => {
      await change("UPDATE noted SET word = 'slow'");
      tries += 1;
      if (tries === 1) await sleep(14_000);
    });
    await sleep(500);
    await other.transaction(({ change }) => change("UPDATE noted SET word = 'quick'"));
    await slow;
    expect(tries).toBe(2);
  });
});
