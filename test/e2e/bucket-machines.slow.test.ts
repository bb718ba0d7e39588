import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../helpers/bin.ts";
import { describeOnCeph } from "../helpers/shared-ceph.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";
import { eventsOf, openTimWorld, sha256, type TimWorld } from "./tim-world.ts";

describeOnCeph("machines without a disk of their own", { calls: {} }, (ceph) =>
  describeOnPostgres("their ledger in PostgreSQL", (postgres) => {
    /** Each machine has a home that was never used before. */
    function on(machine: string, world: TimWorld, ...args: readonly string[]) {
      const home = join(world.home, machine);
      return run([...args, "-d", "s3://calls/fleet", "--s3-endpoint", ceph.endpoint], {
        env: {
          ...world.env,
          ...ceph.env,
          HOME: home,
          XDG_STATE_HOME: join(home, "state"),
          XDG_CONFIG_HOME: join(home, "config"),
          CALLREEL_LEDGER: postgres.url,
          CALLREEL_LEDGER_PASSWORD: postgres.password,
        },
      });
    }

    async function audio(): Promise<string[]> {
      const xml = await (await ceph.send("GET", "calls?list-type=2&prefix=fleet/")).text();
      return [...xml.matchAll(/<Key>([^<]*\.wav)<\/Key>/g)].map(([, key]) => key as string);
    }

    test("fill one bucket with each recording once, and any other verifies, hands over and purges it", async () => {
      await using world = await openTimWorld(24);
      const args = ["download", "-s", "tim", "-r", world.csv, "--json"];
      const ended = await Promise.all(["one", "two", "three"].map((machine) => on(machine, world, ...args)));
      // 3 says that what others are still fetching was not held yet.
      for (const { code, err } of ended) expect([code, err]).toEqual([code === 3 ? 3 : 0, expect.any(String)]);
      const done = ended.flatMap(({ out }) => eventsOf(out)).filter(({ event }) => event === "recording-done");
      const hashes = world.tim.recordings().map(({ voicefilename }) => sha256(world.tim.audioOf(voicefilename)));
      expect(done.map(({ sha256: hash }) => hash).sort()).toEqual([...new Set(hashes)].sort());
      expect(await audio()).toHaveLength(done.length);

      const again = await on("late", world, ...args);
      expect([again.code, again.err]).toEqual([0, expect.stringContaining("Nothing new")]);
      const verified = await on("other", world, "verify", "--read");
      expect([verified.code, verified.err]).toEqual([0, expect.stringMatching(/re-read in .*all unchanged/)]);
      const bag = await on("other", world, "export", "--bagit", join(world.home, "bag"));
      expect([bag.code, bag.err]).toEqual([0, expect.stringContaining(`${done.length} recordings`)]);
      const purged = await on("last", world, "purge", "--before", "2100-01-01", "--yes");
      expect([purged.code, purged.err]).toEqual([0, expect.stringContaining(`${done.length} recordings`)]);
      expect(await audio()).toEqual([]);
    });
  }),
);
