import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockDatabaseArchive } from "../../src/ledgers/postgres/lock.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { noPostgres, type PostgresServer, startPostgres } from "../helpers/postgres.ts";

describe.skipIf(noPostgres)(`the lock of an archive in PostgreSQL${noPostgres ? ` (${noPostgres})` : ""}`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const take = (mode: "shared" | "alone") =>
    lockDatabaseArchive(server.url, mode, {
      password: server.password,
      waitMs: 0,
      clock: systemClock,
      pid: process.pid,
      signal: new AbortController().signal,
      timezone: undefined,
    });
  /** Whether it could be had just now; it is given back at once. */
  const isFree = async (mode: "shared" | "alone") => {
    try {
      await (await take(mode)).release();
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === "locked") return false;
      throw error;
    }
  };

  it.each([
    ["shared", "alone"],
    ["alone", "shared"],
  ] as const)("is %s, and taken again after a restart of the database", async (mode, other) => {
    const lock = await take(mode);
    expect(await isFree(other)).toBe(false);
    await server.stop();
    await server.start();
    await expect.poll(() => isFree(other), { interval: 500 }).toBe(false);
    await lock.release();
    expect(await isFree(other)).toBe(true);
  });

  it("is free for the next command as soon as one has given it back", async () => {
    for (let time = 0; time < 30; time += 1) await (await take(time % 2 === 0 ? "shared" : "alone")).release();
    expect(await isFree("alone")).toBe(true);
  });
});
