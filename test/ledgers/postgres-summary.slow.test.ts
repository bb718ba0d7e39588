import pg from "pg";
import { expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { openPostgresLedger } from "../../src/ledgers/postgres/postgres-ledger.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { nothing, refs, run, stored } from "../contracts/ledger.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";

describeOnPostgres("what a ledger in PostgreSQL has counted", (server) => {
  async function asked<Row>(sql: string): Promise<Row[]> {
    const { port, password, name: database } = server;
    const client = new pg.Client({ host: "127.0.0.1", port, user: "callreel", password, database });
    await client.connect();
    try {
      const answers = await client.query(sql);
      return (Array.isArray(answers) ? answers.at(-1) : answers).rows;
    } finally {
      await client.end();
    }
  }
  const sums = async () => Number((await asked<{ count: string }>("SELECT count(*) FROM callreel.holdings"))[0]?.count);
  const opened = () =>
    openPostgresLedger(server.url, { clock: systemClock, pid: 1, password: server.password, leaseMs: 4_000 });

  test("stays right and small while runs are at work for long, whoever folds it", async () => {
    await using one = await opened();
    await using other = await opened();
    await one.begin(run("one"));
    await other.begin(run("other"));
    await one.claim(refs(20));
    for (const ref of refs(20)) await one.done(ref, stored(`${ref.id}.mp3`, 100));
    const before = await one.summary();
    expect(before).toEqual([expect.objectContaining({ state: "done", entries: 20, bytes: 2_000, seconds: 250 })]);
    await server.run(
      `INSERT INTO callreel.holdings SELECT 'ringcentral', '2026-11', 'done', sign, 100 * sign, 12500 * sign
       FROM generate_series(1, 20000) AS i, LATERAL (SELECT CASE i % 2 WHEN 0 THEN 1 ELSE -1 END AS sign) AS s`,
    );
    const writing = (async () => {
      for (const ref of refs(30, 21)) {
        await other.claim([ref]);
        await other.done(ref, stored(`${ref.id}.mp3`, 100));
      }
    })();
    await expect.poll(sums).toBeLessThan(5_000);
    await writing;
    expect(await one.summary()).toEqual([expect.objectContaining({ entries: 50, bytes: 5_000, seconds: 625 })]);
    await one.finish(nothing, 0);
    await other.finish(nothing, 0);
    expect(await sums()).toBeLessThan(5);
    expect((await one.summary())[0]).toMatchObject({ entries: 50, bytes: 5_000 });
  });

  test("tells what is proven from what is not by the evidence itself, and the oldest that is wanted from older ones that are gone", async () => {
    await server.run("DROP SCHEMA IF EXISTS callreel CASCADE");
    await using ledger = await opened();
    const evidence = (proven: boolean, by: string) => {
      const times = { times: 2, firstMs: 1, lastMs: 2, askedMs: 3, ...(proven ? {} : { waitMs: 4 }) };
      return JSON.stringify({ says: "gone", by, proven, ...times });
    };
    const rows: [number, string, string | null][] = [
      [1, "gone", evidence(true, "https://one.example")],
      [2, "gone", evidence(true, "https://one.example")],
      [3, "gone", evidence(false, 'https://one.example "proven":true')],
      [4, "gone", evidence(false, "https://two.example")],
      [5, "pending", null],
      [6, "pending", null],
    ];
    for (const [day, state, said] of rows) {
      await server.run(
        `INSERT INTO callreel.recordings (key, source, id, state, error_code, error_message, evidence, start, first_seen, changed)
         VALUES ($1, 'ringcentral', $2, $3, $4, 'Said so.', $5, $6, 1, $7::bigint)`,
        [`ringcentral/${day}`, String(day), state, said && "gone", said, `2026-11-0${day}T10:00:00Z`, day],
      );
    }
    const told = (await ledger.failures()).map(({ entries, example, evidence: said }) => [
      entries,
      example,
      said?.proven,
    ]);
    expect(told.sort()).toEqual([
      [2, "ringcentral/2", true],
      [2, "ringcentral/4", false],
    ]);
    const waiting = (before: string) => ledger.waiting("ringcentral", before);
    expect(await waiting("2026-11-30T00:00:00Z")).toEqual({ entries: 2, oldest: "2026-11-05T10:00:00Z" });
    expect(await waiting("2026-11-06T00:00:00Z")).toEqual({ entries: 1, oldest: "2026-11-05T10:00:00Z" });
    expect(await waiting("2026-10-30T00:00:00Z")).toEqual({ entries: 0 });
    await ledger.begin(run("pulling"));
    const pulled = await ledger.pull?.("ringcentral", 9);
    expect(pulled?.map(({ id }) => id)).toEqual(["3", "4", "5", "6"]);
    await ledger.finish(nothing, 0);
  });

  test("is found by indexes alone, whatever else is in the ledger", async () => {
    await using ledger = await opened();
    await ledger.begin(run("third"));
    await ledger.claim(refs(2, 90));
    await ledger.failed(refs(1, 90)[0]!, new RecordingError("timeout", "Too slow."));
    await server.run("VACUUM ANALYZE callreel.recordings");
    const plan = async (sql: string) => {
      const settings = "SET search_path = callreel; SET enable_seqscan = off; SET enable_bitmapscan = off";
      const lines = await asked<{ "QUERY PLAN": string }>(`${settings}; EXPLAIN ${sql}`);
      return lines.map((line) => line["QUERY PLAN"]).join("\n");
    };
    const wanted = "state <> 'done' AND state <> 'purged' AND source = 'tim' AND state IN ('pending', 'failed')";
    expect(await plan(`SELECT count(*) FROM recordings WHERE ${wanted} AND start >= '2026'`)).toContain(
      "Index Only Scan using recordings_wanted",
    );
    expect(await plan(`SELECT start FROM recordings WHERE ${wanted} ORDER BY start, seq LIMIT 1`)).toMatch(
      /^Limit.*\n +-> +Index Only Scan using recordings_wanted/,
    );
    expect(
      await plan("SELECT count(*), min(key) FROM recordings WHERE short IS NOT NULL AND state = 'done'"),
    ).toContain("Index Only Scan using recordings_short");
    await ledger.finish(nothing, 0);
  });
});
