import { afterAll, beforeAll, describe } from "vitest";
import { openPostgresLedger } from "../../src/ledgers/postgres/postgres-ledger.ts";
import { ledgerContract } from "../contracts/ledger.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { noPostgres, type PostgresServer, startPostgres } from "../helpers/postgres.ts";

describe.skipIf(noPostgres)("the ledger in PostgreSQL", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server[Symbol.asyncDispose]());

  describe("keeps the contract of all ledgers", () => {
    ledgerContract(async () => {
      await server.run("DROP SCHEMA IF EXISTS callreel CASCADE");
      const clock = heldClock();
      const nowMs = () => clock.now();
      return openPostgresLedger(server.url, { clock, nowMs, pid: 1, password: server.password });
    });
  });
});
