import { expect, test } from "vitest";
import { run } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { describeOnCeph, withLock } from "../helpers/shared-ceph.ts";
import { shiftedClock } from "../helpers/shifted-clock.ts";
import { eventsOf, openTimWorld, type TimWorld } from "./tim-world.ts";

describeOnCeph("locks of an archive that asked for compliance, in a bucket of Ceph", { locked: withLock }, (ceph) => {
  const pathOf = (key: string) => `locked/${key.split("/").map(encodeURIComponent).join("/")}`;
  function callreel(world: TimWorld, ...args: readonly string[]) {
    return runHere([...args, "--s3-endpoint", ceph.endpoint], { env: { ...world.env, ...ceph.env } });
  }
  async function audioIn(prefix: string): Promise<string[]> {
    const xml = await (await ceph.send("GET", `locked?list-type=2&prefix=${prefix}/`)).text();
    return [...xml.matchAll(/<Key>([^<]*\.wav)<\/Key>/g)].map(([, key]) => key as string);
  }
  const inAnHour = () => new Date(Date.now() + 3600_000).toISOString();
  const inYears = (years: number) => new Date(Date.now() + years * 366 * 86_400_000).toISOString();
  /** Puts the same bytes with the same notes there once more, as another program may: the locked version stays below. */
  async function copied(key: string, lock: Record<string, string> = {}): Promise<void> {
    const answer = await ceph.send("GET", pathOf(key));
    const kept = [...answer.headers].filter(([name]) => /^(content-type|x-amz-meta-)/.test(name));
    const bytes = Buffer.from(await answer.arrayBuffer());
    const put = await ceph.send("PUT", pathOf(key), { ...Object.fromEntries(kept), ...lock }, bytes);
    expect(put.status).toBe(200);
  }
  const lockOf = (mode: string, until: string) => ({
    "x-amz-object-lock-mode": mode,
    "x-amz-object-lock-retain-until-date": until,
  });

  test("verify tells each that is missing, weaker, too short or hidden, and none that is as asked", async () => {
    await using world = await openTimWorld(6);
    const place = ["-d", "s3://locked/compliance"];
    const asked = ["--s3-object-lock", "compliance:2d"];
    expect((await callreel(world, "download", "-s", "tim", "-r", world.csv, ...place, ...asked)).code).toBe(0);
    const verify = async (...more: readonly string[]) => {
      const { code, out } = await callreel(world, "verify", "--json", ...place, ...more);
      const found = eventsOf(out).filter(({ event }) => event === "finding");
      return { code, found: found.map(({ kind, path, message }) => [kind, `compliance/${path}`, message]) };
    };
    expect(await verify()).toEqual({ code: 0, found: [] });
    const [bare = "", weaker = "", short = "", longer = "", deleted = "", held = ""] = (
      await audioIn("compliance")
    ).sort();
    await copied(bare);
    await copied(weaker, lockOf("GOVERNANCE", inYears(1)));
    await copied(short, lockOf("COMPLIANCE", inAnHour()));
    await copied(longer, lockOf("COMPLIANCE", inYears(2)));
    expect((await ceph.send("DELETE", pathOf(deleted))).status).toBe(204);
    const hold = await ceph.send("PUT", `${pathOf(held)}?legal-hold`, {}, "<LegalHold><Status>ON</Status></LegalHold>");
    expect(hold.status).toBe(200);
    const faults = [
      ["lock", bare, "it has no Object Lock, and this archive asked for compliance:2d"],
      ["lock", weaker, "its Object Lock is governance, and this archive asked for compliance:2d"],
      ["lock", short, expect.stringMatching(/^its Object Lock ends .*, too early for compliance:2d/)],
      ["missing", deleted, "the file is not there"],
    ];
    for (const how of [[], ["--read"]]) {
      const { code, found } = await verify(...how);
      expect(code).toBe(6);
      expect(found).toHaveLength(4);
      expect(found).toEqual(expect.arrayContaining(faults));
    }
  });

  test("verify goes by the store's clock for what came before a lock was asked for, wherever this machine's stands", async () => {
    await using world = await openTimWorld(3);
    const place = ["-d", "s3://locked/clock"];
    const source = ["download", "-s", "tim", "-r", world.csv, ...place];
    const asked = ["--s3-object-lock", "compliance:2d", "--s3-endpoint", ceph.endpoint];
    const env = { ...world.env, ...ceph.env, ...shiftedClock(10 * 60_000) };
    const ahead = await run([...source, ...asked], { env });
    expect([ahead.code, ahead.err]).toEqual([0, expect.stringContaining("Done in")]);
    const [first = ""] = await audioIn("clock");
    await copied(first);
    const { code, out } = await callreel(world, "verify", ...place);
    expect([code, out]).toEqual([6, expect.stringContaining("it has no Object Lock")]);
  });
});
