import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { start, until } from "../helpers/bin.ts";
import { noPostgres, type PostgresServer, startPostgres } from "../helpers/postgres.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { eventsOf } from "./tim-world.ts";

describe.skipIf(noPostgres)(
  `a database that goes away in the middle of a run${noPostgres ? ` (${noPostgres})` : ""}`,
  () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server[Symbol.asyncDispose]());

    it("lets nothing through until it is back, and then the run goes on to its end", async () => {
      await using world = await openRingCentralWorld({
        data: { recordings: 12, layout: "plain", days: 2 },
        settings: { limits: quickBudget(2) },
      });
      const env = {
        ...world.env,
        CALLREEL_LEDGER: server.url,
        CALLREEL_LEDGER_PASSWORD: server.password,
        CALLREEL_TOKEN_KEY: "ab".repeat(32),
        XDG_STATE_HOME: join(world.home, "state"),
      };
      const running = start(["download", "--json", "--from", "3d", "-d", world.archive], { env });
      const done = () => eventsOf(running.out()).filter(({ event }) => event === "recording-done").length;
      await until(() => done() >= 3, "three recordings");
      await server.stop();
      // What had its permit may still arrive; with the budget's two a second, all would in five seconds.
      for (let sent = -1; sent !== world.rc.stats().requests; ) {
        sent = world.rc.stats().requests;
        await new Promise((resolve) => setTimeout(resolve, 3000));
      }
      expect(world.held().size).toBeLessThan(12);
      await server.start();

      const { code, err } = await running.finished;
      expect(code, err).toBe(0);
      expect(world.held().size).toBe(12);
      expect(world.rc.stats()).toMatchObject({
        penalties: 0,
        violations: 0,
        tokenRequests: 1,
      });
    });
  },
);
