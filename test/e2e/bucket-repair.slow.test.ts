import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { describeOnCeph, withLock } from "../helpers/shared-ceph.ts";
import { zip } from "../helpers/zip.ts";
import { eventsOf, openTimWorld, sha256, type TimWorld } from "./tim-world.ts";

describeOnCeph("an archive in a bucket of Ceph", { calls: {}, locked: withLock }, (ceph) => {
  const callreel = (world: TimWorld, ...args: readonly string[]) =>
    runHere([...args, "--s3-endpoint", ceph.endpoint], { env: { ...world.env, ...ceph.env }, cwd: world.home });

  async function downloaded(calls: number, dest: string, ...more: readonly string[]): Promise<TimWorld> {
    const world = await openTimWorld(calls);
    const { code, err } = await callreel(world, "download", "-s", "tim", "-r", world.csv, "-d", dest, ...more);
    expect([code, err]).toEqual([0, expect.stringContaining("Done in")]);
    return world;
  }

  async function keysIn(bucket: string, prefix: string): Promise<string[]> {
    const xml = await (await ceph.send("GET", `${bucket}?list-type=2&prefix=${prefix}/`)).text();
    return [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key as string);
  }
  const wavsIn = async (prefix: string) => (await keysIn("calls", prefix)).filter((key) => key.endsWith(".wav"));
  const encoded = (key: string) => key.split("/").map(encodeURIComponent).join("/");
  const hashesIn = async (prefix: string) => {
    const bodies = (await wavsIn(prefix)).map(async (key) =>
      (await ceph.send("GET", `calls/${encoded(key)}`)).arrayBuffer(),
    );
    return new Set((await Promise.all(bodies)).map((body) => sha256(Buffer.from(body))));
  };
  const hashesOf = (world: TimWorld) =>
    new Set(world.tim.recordings().map(({ voicefilename }) => sha256(world.tim.audioOf(voicefilename))));

  test("verify --repair fetches again what is missing or damaged, each into its own place", async () => {
    await using world = await downloaded(4, "s3://calls/repaired");
    const place = ["-d", "s3://calls/repaired"];
    const before = await wavsIn("repaired");
    const [first = "", second = ""] = before;
    const { byteLength } = await (await ceph.send("GET", `calls/${encoded(first)}`)).arrayBuffer();
    await ceph.send("PUT", `calls/${encoded(first)}`, {}, Buffer.alloc(byteLength, "x"));
    await ceph.send("DELETE", `calls/${encoded(second)}`);
    const repaired = await callreel(world, "verify", "--repair", ...place);
    expect([repaired.code, repaired.err]).toEqual([0, expect.stringContaining("2 of 2 files repaired.")]);
    expect(await wavsIn("repaired")).toEqual(before);
    expect(await hashesIn("repaired")).toEqual(hashesOf(world));
    const sound = await callreel(world, "verify", "--read", ...place);
    expect([sound.code, sound.err]).toEqual([0, expect.stringContaining("all unchanged")]);
  });

  test("verify --rebuild makes a lost ledger from the objects' metadata, and tells what has none", async () => {
    await using world = await downloaded(4, "s3://calls/rebuilt", "--write-info-json", "-o", "{date}.{ext}");
    const place = ["-d", "s3://calls/rebuilt"];
    const listed = async () =>
      eventsOf((await callreel(world, "list", "--archive", "--json", ...place)).out)
        .map(({ key, path, bytes, sha256: hash, start, audioSeconds }) => ({
          key,
          path,
          bytes,
          hash,
          start,
          audioSeconds,
        }))
        .sort((one, other) => (String(one.key) < String(other.key) ? -1 : 1));
    const before = await listed();
    expect(before).toHaveLength(4);
    rmSync(join(world.home, "state"), { recursive: true });
    const lost = await callreel(world, "download", "-s", "tim", "-r", world.csv, ...place);
    expect([lost.code, lost.err]).toEqual([13, expect.stringContaining("callreel verify --rebuild")]);
    await ceph.send("PUT", "calls/rebuilt/somebody's.wav", {}, "no audio");
    const rebuilt = await callreel(world, "verify", "--rebuild", ...place);
    expect([rebuilt.code, rebuilt.err]).toEqual([6, expect.stringContaining("4 files newly recorded")]);
    expect(rebuilt.err).toContain("not recorded: somebody's.wav");
    expect(await listed()).toEqual(before);
    await ceph.send("DELETE", "calls/rebuilt/somebody's.wav");
    expect((await callreel(world, "verify", "--read", ...place)).code).toBe(0);
    const again = await callreel(world, "download", "-s", "tim", "-r", world.csv, ...place);
    expect([again.code, again.err]).toEqual([0, expect.stringMatching(/already downloaded/)]);
    const nothing = await callreel(world, "verify", "--rebuild", "-d", "s3://calls/nothing");
    expect([nothing.code, nothing.err]).toEqual([
      2,
      expect.stringContaining("There is no archive at s3://calls/nothing"),
    ]);
  });

  test("adopt records the objects of an older script, and copies a portal download into the bucket", async () => {
    await using world = await openTimWorld(3);
    const [one, two] = world.tim.recordings().map(({ voicefilename }) => world.tim.audioOf(voicefilename));
    await ceph.send("PUT", "calls/adopted/old/2026-05-04_401786818008.wav", {}, one);
    await ceph.send("PUT", "calls/adopted/old/notes.txt", {}, "not audio");
    const place = ["-d", "s3://calls/adopted"];
    const adopt = (...args: readonly string[]) => callreel(world, "adopt", ...args, ...place);
    const taken = await adopt("s3://calls/adopted/old", "--match", "{date}_{id}.{ext}");
    expect([taken.code, taken.err]).toEqual([0, expect.stringContaining("1 recording (")]);
    const name = "20251104-133555_302_(252)555-8686_Outgoing_Auto_2946157123005.wav";
    writeFileSync(join(world.home, "portal.zip"), zip([{ name, data: Buffer.from(two ?? []) }]));
    const copied = await adopt("portal.zip", "--match", "ringcentral-portal");
    expect([copied.code, copied.out, copied.err]).toEqual([0, "", expect.stringContaining("1 recording (")]);
    expect(await hashesIn("adopted")).toEqual(new Set([one, two].map((audio) => sha256(audio ?? Buffer.alloc(0)))));
    const sound = await callreel(world, "verify", "--read", ...place);
    expect([sound.code, sound.out]).toEqual([6, expect.stringMatching(/^unknown-file: old\/notes.txt[^\n]*\n$/)]);
    for (const [given, says] of [
      ["s3://calls/other", "is not in the archive"],
      [".", "name objects that stand in s3://calls/adopted"],
    ] as const) {
      const refused = await adopt(given, "--match", "{date}_{id}.{ext}");
      expect([given, refused.code, refused.err]).toEqual([given, 2, expect.stringContaining(says)]);
    }
  });
});
