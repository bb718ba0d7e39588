import { beforeEach, expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { openPostgresLedger } from "../../src/ledgers/postgres/postgres-ledger.ts";
import { ref, refs, run, stored } from "../contracts/ledger.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";

describeOnPostgres("a ledger in PostgreSQL hands out what is wanted", (server) => {
  beforeEach(() => server.run("DROP SCHEMA IF EXISTS callreel CASCADE"));

  const opened = async (runId: string, clock = heldClock()) => {
    const nowMs = () => clock.now();
    const ledger = await openPostgresLedger(server.url, { clock, nowMs, pid: 1, password: server.password });
    await ledger.begin(run(runId));
    return ledger;
  };
  const ids = (found: readonly { readonly id: string }[] = []) => found.map(({ id }) => Number(id));

  test("to several runs at once, each recording once, oldest call first and undated ones last", async () => {
    await using first = await opened("first");
    await using second = await opened("second");
    const all = [ref(900), ...refs(100).reverse()];
    await first.claim(all);
    await Promise.all(all.map(({ key }) => first.release(key)));
    expect(ids(await first.pull?.("ringcentral", 3))).toEqual([1, 2, 3]);
    const taken = new Set([1, 2, 3]);
    for (let more = true; more; ) {
      const pulled = await Promise.all([first, second].map(async (each) => ids(await each.pull?.("ringcentral", 7))));
      for (const id of pulled.flat()) {
        expect(taken.has(id)).toBe(false);
        taken.add(id);
      }
      more = pulled.flat().length > 0;
    }
    expect([taken.size, [...taken].at(-1)]).toEqual([101, 900]);
    expect(await first.pull?.("tim", 1)).toEqual([]);
  });

  test("also what a run had whose lease is over, and nothing that was tried, held or purged", async () => {
    const clock = heldClock();
    await using dead = await opened("dead", clock);
    await dead.claim(refs(5));
    await dead.done(ref(1), stored("1.mp3"));
    await dead.failed(ref(2), new RecordingError("timeout", "Too slow."));
    await dead.purge([ref(3).key]);
    await using next = await opened("next", clock);
    expect(ids(await next.pull?.("ringcentral", 9))).toEqual([2]);
    await next.failed(ref(2), new RecordingError("timeout", "Too slow."));
    await using last = await opened("last", clock);
    await clock.advance(61_000);
    expect(ids(await last.pull?.("ringcentral", 9))).toEqual([2, 4, 5]);
  });
});
