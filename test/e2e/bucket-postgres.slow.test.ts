import { join } from "node:path";
import { expect, test } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { describeOnCeph } from "../helpers/shared-ceph.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";
import { eventsOf, openTimWorld } from "./tim-world.ts";

describeOnCeph("an archive in a bucket of Ceph", { calls: {} }, (ceph) =>
  describeOnPostgres("its ledger in PostgreSQL", (server) => {
    test("is filled by one machine, checked by a second, purged by a third, and moves to a file and back", async () => {
      await using world = await openTimWorld(5);
      const { csv, home, tim } = world;
      const place = ["-d", "s3://calls/shared", "--s3-endpoint", ceph.endpoint];
      const source = ["-s", "tim", "-r", csv];
      const on = (machine: string, ...args: string[]) => {
        const own = { XDG_STATE_HOME: join(home, machine), XDG_CONFIG_HOME: join(home, machine) };
        const ledger = { CALLREEL_LEDGER: server.url, CALLREEL_LEDGER_PASSWORD: server.password };
        return runHere(args, { env: { ...world.env, ...own, ...ceph.env, ...ledger } });
      };
      const first = await on("a", "download", ...source, ...place);
      expect([first.code, first.err]).toEqual([0, expect.stringContaining("shared is in its database")]);
      expect(first.err).not.toContain("on this machine");
      tim.clearStats();
      const second = await on("b", "download", ...source, ...place);
      expect([second.code, second.err, tim.stats().requests.echo]).toEqual([
        0,
        expect.not.stringContaining("is in its"),
        0,
      ]);
      const verified = await on("b", "verify", ...place);
      expect([verified.code, verified.err]).toEqual([0, expect.stringContaining("all unchanged")]);
      const sound = await on("c", "reconcile", ...source, ...place);
      expect([sound.code, sound.err]).toEqual([0, expect.stringContaining("all are in the archive")]);
      const listed = eventsOf((await on("c", "list", "--archive", "--json", ...place)).out);
      const purged = await on("c", "purge", String(listed[0]?.key), "--yes", "--reason", "GDPR", ...place);
      expect([purged.code, purged.err]).toEqual([0, expect.stringContaining("1 recording")]);
      const doctor = await on("a", "doctor", ...source, ...place);
      expect(doctor.out).toMatch(/ok +ledger: postgres:/);
      expect(doctor.out).not.toContain("on this machine only");

      tim.clearStats();
      const file = join(home, "ledger.db");
      expect((await on("a", "ledger", "copy", server.url, file)).code).toBe(0);
      const alone = await on("d", "verify", ...place, "--ledger", file);
      expect([alone.code, alone.err]).toEqual([0, expect.stringContaining("all unchanged")]);
      await server.run("DROP SCHEMA callreel CASCADE");
      expect((await on("d", "ledger", "copy", file, server.url)).code).toBe(0);
      const again = await on("a", "download", ...source, ...place);
      expect([again.code, (await on("b", "verify", ...place)).code]).toEqual([0, 0]);
      expect(tim.stats().requests.echo).toBe(0);
    });
  }),
);
