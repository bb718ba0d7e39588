import { join } from "node:path";
import { expect, test } from "vitest";
import { type Running, run, start, until } from "../helpers/bin.ts";
import { describeOnCeph } from "../helpers/shared-ceph.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { eventsOf, sha256 } from "./tim-world.ts";

describeOnCeph("an archive in a bucket of Ceph", { calls: {} }, (ceph) =>
  describeOnPostgres("its ledger in PostgreSQL", (server) => {
    test("is watched by two machines: each call is brought once, also when one of them is killed", async () => {
      await using world = await openRingCentralWorld({
        data: { recordings: 4, layout: "plain", days: 2, seconds: [2, 4], endMs: Date.now() - 30 * 3_600_000 },
        settings: { limits: quickBudget(100), callLog: { listDelaySeconds: 0 } },
      });
      const { rc } = world;
      const place = ["-s", "ringcentral", "-d", "s3://calls/watched", "--s3-endpoint", ceph.endpoint];
      const envOf = (machine: string) => {
        const home = join(world.home, machine);
        const own = { HOME: home, XDG_STATE_HOME: join(home, "state"), XDG_CONFIG_HOME: join(home, "config") };
        const ledger = { CALLREEL_LEDGER: server.url, CALLREEL_LEDGER_PASSWORD: server.password };
        return { ...world.env, ...own, ...ledger, ...ceph.env, CALLREEL_TOKEN_KEY: "ab".repeat(32) };
      };
      const watch = (machine: string) => {
        const watching = start(["watch", "--every", "200ms", "--json", ...place], { env: envOf(machine) });
        runs.push(watching);
        return watching;
      };
      const runs: Running[] = [];
      const call = (count: number) => rc.addCalls(count, 3).flatMap(({ recordings }) => recordings);
      const arrived = async (ids: readonly string[]) => {
        const missing = () => ids.filter((id) => !runs.flatMap(doneBy).includes(`ringcentral/${id}`));
        await until(() => missing().length === 0, `recordings\n${runs.map(({ err }) => err()).join("\n")}`);
      };
      const killed = watch("one");
      const staying = watch("two");
      await arrived(rc.recordings().map(({ id }) => id));
      for (let times = 0; times < 3; times += 1) await arrived(call(4));
      const last = call(6);
      killed.child.kill("SIGKILL");
      await killed.finished;
      // Whoever was killed may have brought some of these, and told nobody.
      const objects = async () => {
        const xml = await (await ceph.send("GET", "calls?list-type=2&prefix=watched/ringcentral/")).text();
        return [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = ""]) => key);
      };
      const later = call(2);
      await arrived(later);
      const again = watch("one");
      await until(() => again.err().includes("Watching RingCentral"), "its beginning");
      const status = async () => (await run(["status", "--json", ...place.slice(2)], { env: envOf("three") })).out;
      const count = rc.recordings().length;
      for (let held = 0; held < count; ) {
        const [entry] = eventsOf(await status()) as { holdings?: { state: string; entries: number }[] }[];
        held = (entry?.holdings ?? []).reduce((sum, each) => sum + (each.state === "done" ? each.entries : 0), 0);
        if (held < count) await new Promise((resolve) => setTimeout(resolve, 500));
      }
      for (const watching of [staying, again]) watching.child.kill("SIGTERM");
      for (const watching of [staying, again]) {
        const { code, err } = await watching.finished;
        expect([code, err]).toEqual([0, expect.stringContaining("Stopped watching")]);
      }
      const done = runs.flatMap(doneBy);
      expect(new Set(done).size).toBe(done.length);
      expect(count).toBe(4 + 12 + last.length + later.length);
      const keys = await objects();
      expect(keys).toHaveLength(count);
      const bytes = await Promise.all(
        keys.map(async (key) => {
          const answer = await ceph.send("GET", `calls/${key.split("/").map(encodeURIComponent).join("/")}`);
          return sha256(Buffer.from(await answer.arrayBuffer()));
        }),
      );
      expect(bytes.sort()).toEqual(
        rc
          .recordings()
          .map(({ id }) => rc.sha256Of(id))
          .sort(),
      );
      expect(rc.stats()).toMatchObject({ penalties: 0, violations: 0 });
      const verified = await run(["verify", "--read", ...place.slice(2)], { env: envOf("three") });
      expect([verified.code, verified.err]).toEqual([0, expect.stringContaining("all unchanged")]);
    });
  }),
);

function doneBy({ out }: Running): string[] {
  const whole = out().slice(0, out().lastIndexOf("\n") + 1);
  return eventsOf(whole).flatMap(({ event, key }) => (event === "recording-done" ? [String(key)] : []));
}
