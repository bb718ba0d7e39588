import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { Archive } from "../../src/core/model/ledger.ts";
import { type CopiedTable, tableNames } from "../../src/ledgers/copy/copied-tables.ts";
import { databaseTables } from "../../src/ledgers/copy/database-tables.ts";
import { copyToDatabase, copyToFile } from "../../src/ledgers/copy/index.ts";
import { openArchive } from "../../src/ledgers/index.ts";
import { openPostgresLedger } from "../../src/ledgers/postgres/postgres-ledger.ts";
import { openPostgresDatabase } from "../../src/platform/postgres.ts";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { ledgerContract, nothing, ref, refs, run, stored } from "../contracts/ledger.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

describeOnPostgres("the ledger in PostgreSQL", (server) => {
  describe("keeps the contract of all ledgers", () => {
    ledgerContract(async () => {
      await server.run("DROP SCHEMA IF EXISTS callreel CASCADE");
      const clock = heldClock();
      const nowMs = () => clock.now();
      return openPostgresLedger(server.url, { clock, nowMs, pid: 1, password: server.password });
    });
  });

  const fresh = () => server.run("DROP SCHEMA IF EXISTS callreel CASCADE");
  const inDatabase = () => ({ url: server.url, password: server.password });

  test("says of one history what a file says of it: heads, chains and outcomes are equal, and so is what follows a copy", async () => {
    using folder = openTempFolder();
    const file = join(folder.path, "a", "ledger.db");
    await fresh();
    const clocks = [heldClock(), heldClock()] as const;
    const heads: string[][] = [];
    {
      await using one = await openArchive(file, { clock: clocks[0], pid: 1, version: "9" });
      await using other = await openPostgresLedger(server.url, {
        ...{ clock: clocks[1], nowMs: () => clocks[1].now() },
        ...{ pid: 1, version: "9", password: server.password },
      });
      for (const ledger of [one, other]) heads.push(await live(ledger));
    }
    expect(heads[1]).toEqual(heads[0]);
    expect(new Set(heads[0]).size).toBe(heads[0]!.length);

    await fresh();
    await copyToDatabase(file, inDatabase(), () => {});
    const back = join(folder.path, "b.db");
    await copyToFile(inDatabase(), back, () => {});
    await using one = await openArchive(back, { clock: clocks[0], pid: 1, version: "9" });
    await using other = await openPostgresLedger(server.url, {
      ...{ clock: clocks[0], nowMs: () => clocks[0].now() },
      ...{ pid: 1, version: "9", password: server.password },
    });
    expect([await one.head(), await other.head()]).toEqual([heads[0]!.at(-1), heads[0]!.at(-1)]);
    expect(await one.spokenOf(ref(1).key)).toEqual({ lines: [{ text: "Good morning", at: 1.5, to: 2 }] });
    const asked = [...refs(9).map(({ key }) => key), "nobody/1"];
    expect(await other.heldOf(asked)).toEqual(await one.heldOf(asked));
    expect(new Set(await one.heldOf(asked)).size).toBeGreaterThan(1);
    expect(await goOn(other)).toEqual(await goOn(one));
    for (const ledger of [one, other]) {
      expect([(await ledger.verifyRunChain()).broken, (await ledger.verifyAuditChain()).broken]).toEqual([
        undefined,
        undefined,
      ]);
      for await (const broken of ledger.brokenOutcomes()) expect(broken).toBeUndefined();
    }
  });

  test("is left as it was by a copy that breaks off", async () => {
    using folder = openTempFolder();
    const file = join(folder.path, "ledger.db");
    await fresh();
    {
      await using ledger = await openArchive(file, { clock: heldClock(), pid: 1 });
      await live(ledger);
    }
    const stop = (rows: number) => {
      if (rows > 5) throw new RecordingError("interrupted", "Stopped.");
    };
    await expect(copyToDatabase(file, inDatabase(), stop)).rejects.toThrow("Stopped.");
    await expect(copyToFile(inDatabase(), join(folder.path, "c.db"), stop)).rejects.toThrow("There is no ledger");
    await copyToDatabase(file, inDatabase(), () => {});
    await expect(copyToDatabase(file, inDatabase(), () => {})).rejects.toThrow("There is a ledger in");
    await expect(copyToFile(inDatabase(), file, () => {})).rejects.toThrow("There is a ledger already");
  });

  test("has the same tables and columns as the file, and all of them are copied", async () => {
    using folder = openTempFolder();
    const path = join(folder.path, "ledger.db");
    await fresh();
    await (await openArchive(path, { clock: heldClock(), pid: 1 }))[Symbol.asyncDispose]();
    const context = { clock: heldClock(), pid: 1, password: server.password };
    await (await openPostgresLedger(server.url, context))[Symbol.asyncDispose]();
    const sqlite = openSqlite(path);
    const tables = sqlite.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
    const counted = ["holdings"];
    expect(
      tables
        .map(({ name }) => name)
        .filter((name) => !counted.includes(name))
        .sort(),
    ).toEqual([...tableNames].sort());
    const inFile = (table: CopiedTable) =>
      (sqlite.prepare(`PRAGMA table_info(${table})`).all() as { name: string }[]).map(({ name }) => name).sort();
    await using database = await openPostgresDatabase(server.url, { flag: "test", password: server.password });
    await database.transaction(async (sql) => {
      await sql.change("SET LOCAL search_path = callreel");
      for (const table of tableNames) {
        expect([table, [...(await databaseTables(sql, "").columns(table))].sort()]).toEqual([table, inFile(table)]);
      }
    });
    sqlite.close();
  });
});

/** A history with something of every kind; the head after each step. */
async function live(ledger: Archive): Promise<string[]> {
  const heads: string[] = [];
  const note = async () => void heads.push(await ledger.head());
  await ledger.begin(run("first"));
  await ledger.claim(refs(6));
  for (const id of [1, 2, 3]) await ledger.done(refs(6)[id - 1]!, stored(`${id}.mp3`, 1000 + id));
  await ledger.failed(refs(6)[3]!, new RecordingError("gone", "Said to be gone."));
  await ledger.failed(refs(6)[4]!, new RecordingError("timeout", 'Too slow: ü\u2028"\\.'));
  await ledger.finish({ ...nothing, done: 3, failed: 2, bytes: 3006, ms: 12, reasons: { gone: 1, timeout: 1 } }, 3);
  await note();
  await ledger.addHolds([{ key: ref(2).key }], "claim 2026/17");
  await note();
  await ledger.noteTranscripts(ref(1).key, [{ path: "1.vtt", bytes: 5, sha256: "cd".repeat(32) }], {
    lines: [{ text: "Good morning", at: 1.5, to: 2 }],
  });
  expect(await ledger.purge([ref(3).key], "GDPR")).toBe(1);
  await ledger.purgeEnded([ref(3).key]);
  await note();
  await ledger.set("path template", "{id}.{ext}");
  await ledger.begin({ ...run("second"), hooked: true });
  await ledger.claim([ref(7)]);
  await ledger.done(ref(7), stored("7.mp3"));
  await ledger.hookEnded(ref(7).key, "It ended with 1.");
  await ledger.finish({ ...nothing, done: 1, stoppedBy: { code: "timeout", message: "Slow" } } as never, 5);
  await note();
  return heads;
}

/** What comes after a copy, which its numbers go on with. */
async function goOn(ledger: Archive): Promise<unknown> {
  const [hold] = await ledger.addHolds([{ extension: "12" }]);
  await ledger.adopt([{ ref: ref(8), stored: stored("8.mp3") }]);
  await ledger.begin(run("third"));
  const claims = await ledger.claim([...refs(7), ref(9)]);
  await ledger.finish(nothing, 0);
  const told = [await ledger.summary(), await ledger.failures(), await ledger.shorts(), await ledger.hooksOwedCount()];
  return [hold?.name, claims, told, await ledger.head()];
}
