import { expect, test } from "vitest";
import { start, until } from "../helpers/bin.ts";
import { openBucketProxy } from "../helpers/bucket-proxy.ts";
import { runHere } from "../helpers/run-here.ts";
import { describeOnCeph, withLock } from "../helpers/shared-ceph.ts";
import { openTimWorld, type TimWorld } from "./tim-world.ts";

describeOnCeph("what is deleted from a bucket of Ceph", { calls: {}, locked: withLock, versioned: {} }, (ceph) => {
  function callreel(world: TimWorld, ...args: readonly string[]) {
    return runHere([...args, "--s3-endpoint", ceph.endpoint], { env: { ...world.env, ...ceph.env } });
  }

  async function audioIn(bucket: string, prefix: string): Promise<string[]> {
    return (await keysIn(bucket, prefix)).filter((key) => key.endsWith(".wav"));
  }

  async function keysIn(bucket: string, prefix: string): Promise<string[]> {
    const xml = await (await ceph.send("GET", `${bucket}?list-type=2&prefix=${prefix}/`)).text();
    return [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key as string);
  }

  test("purge deletes the objects for good; reconcile and report know each that is missing, and what was purged", async () => {
    await using world = await openTimWorld(4);
    const place = ["-d", "s3://calls/purged"];
    const source = ["-s", "tim", "-r", world.csv];
    expect((await callreel(world, "download", ...source, ...place)).code).toBe(0);
    const sound = await callreel(world, "reconcile", ...source, ...place);
    expect([sound.code, sound.err]).toEqual([0, expect.stringContaining("all are in the archive")]);
    const held = await audioIn("calls", "purged");
    const dry = await callreel(world, "purge", "--before", "2100-01-01", ...place);
    expect([dry.code, (await audioIn("calls", "purged")).length]).toEqual([0, 4]);

    const [first = ""] = held;
    await ceph.send("DELETE", `calls/${first.split("/").map(encodeURIComponent).join("/")}`);
    const lost = await callreel(world, "reconcile", ...source, ...place);
    expect([lost.code, lost.out]).toEqual([6, expect.stringMatching(/^missing: .* is not there\n$/)]);

    const window = ["--from", "2000-01-01", "--to", "2100-01-01"];
    const report = await callreel(world, "report", ...window, "--json", "-", ...place);
    expect([report.code, report.out]).toEqual([6, expect.stringContaining("is not there")]);

    const gone = await callreel(world, "purge", "--before", "2100-01-01", "--yes", ...place);
    expect([gone.code, gone.err]).toEqual([0, expect.stringContaining("4 recordings")]);
    expect(gone.out.trim().split("\n")).toHaveLength(3);
    expect(await audioIn("calls", "purged")).toEqual([]);
    const after = await callreel(world, "reconcile", ...source, ...place);
    expect([after.code, after.err]).toEqual([0, expect.stringContaining("4 purged")]);
    const again = await callreel(world, "download", ...source, ...place);
    expect([again.code, await audioIn("calls", "purged")]).toEqual([0, []]);
  });

  test("purge asks the bucket once what stands beside a recording, and deletes that, hidden versions too, and nothing else", async () => {
    await using world = await openTimWorld(3);
    await using proxy = await openBucketProxy(ceph.endpoint);
    const place = ["-d", "s3://versioned/asked", "--s3-endpoint", proxy.endpoint];
    const call = { env: { ...world.env, ...ceph.env } };
    const versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    await ceph.send("PUT", "versioned?versioning", {}, versioning);
    const source = ["-s", "tim", "-r", world.csv, "--write-info-json"];
    expect((await runHere(["download", ...source, ...place], call)).code).toBe(0);
    const [first = "", second = ""] = await audioIn("versioned", "asked");
    const encoded = (key: string) => `versioned/${key.split("/").map(encodeURIComponent).join("/")}`;
    // Somebody deletes an object with its text beside it, as a bucket with versions deletes: all of it is still there.
    await ceph.send("PUT", `${encoded(first)}.txt`, {}, "what was said");
    for (const path of [encoded(first), `${encoded(first)}.txt`]) await ceph.send("DELETE", path);
    await ceph.send("PUT", encoded(second.replace(/\.wav$/, ".vtt")), {}, "WEBVTT");
    await ceph.send("PUT", "versioned/asked/tim/other.vtt", {}, "WEBVTT");
    proxy.seen.length = 0;
    const purged = await runHere(["purge", "--before", "2100-01-01", "--yes", ...place], call);
    expect([purged.code, purged.err]).toEqual([0, expect.stringContaining("3 recordings")]);
    const versions = await (await ceph.send("GET", "versioned?versions&prefix=asked/tim")).text();
    const left = [...versions.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key);
    expect(left).toEqual(["asked/tim/other.vtt"]);
    const listings = proxy.seen.filter((each) => /^GET \/versioned\/\?.*versions/.test(each));
    // One beside each of three, one for each of the eight objects that there are (audio, sidecars, two texts), and one for
    // a list of hashes that may have been there.
    expect(listings).toHaveLength(3 + 8 + 1);
    expect(
      proxy.seen.filter((each) => /\.(?:srt|json)(?: |$)/.test(each) && !/info\.json|archive\.json/.test(each)),
    ).toEqual([]);
  });

  test("purge keeps what is locked, says until when, sets no tombstone, and ends with 3", async () => {
    await using world = await openTimWorld(2);
    const place = ["-d", "s3://locked/a"];
    const lock = ["--s3-object-lock", "compliance:2d"];
    expect((await callreel(world, "download", "-s", "tim", "-r", world.csv, ...place, ...lock)).code).toBe(0);
    const kept = await callreel(world, "purge", "--before", "2100-01-01", "--yes", ...place);
    expect([kept.code, kept.out]).toEqual([3, ""]);
    expect(kept.err).toMatch(/not purged: .*\.wav is locked at its store until \d{4}-/);
    expect(await audioIn("locked", "a")).toHaveLength(2);
    expect((await callreel(world, "verify", ...place)).code).toBe(0);
    expect((await callreel(world, "status", ...place)).out).toContain("2 recordings held");
  });

  test("purge that may not reach the bucket sets no tombstone", async () => {
    await using world = await openTimWorld(2);
    const place = ["-d", "s3://calls/refused"];
    expect((await callreel(world, "download", "-s", "tim", "-r", world.csv, ...place)).code).toBe(0);
    const args = ["purge", "--before", "2100-01-01", "--yes", ...place, "--s3-endpoint", ceph.endpoint];
    const refused = await runHere(args, { env: { ...world.env, ...ceph.stranger } });
    expect([refused.code, refused.out]).not.toEqual([0, ""]);
    expect((await callreel(world, "status", ...place)).out).toContain("2 recordings held");
    expect(await audioIn("calls", "refused")).toHaveLength(2);
  });

  test.each([
    ["and fetched again to another place", true],
    ["and never fetched again", false],
  ])("purge finds what a run left that was killed between PUT and ledger, %s", async (_, again) => {
    await using world = await openTimWorld(2);
    await using proxy = await openBucketProxy(ceph.endpoint);
    const prefix = `killed-${again}`;
    const place = ["-d", `s3://calls/${prefix}`, "--s3-endpoint", proxy.endpoint];
    const call = { env: { ...world.env, ...ceph.env } };
    const source = ["download", "-s", "tim", "-r", world.csv, ...place, "--write-info-json"];
    proxy.holds = ({ method, url = "" }) => method === "PUT" && url.endsWith(".wav");
    const killed = start([...source, "-o", "x/{date}.{ext}"], call);
    await until(() => proxy.held.length === 2, "PUTs that were taken");
    killed.child.kill("SIGKILL");
    await killed.finished;
    proxy.holds = () => false;
    const left = await audioIn("calls", prefix);
    expect(left).toHaveLength(2);
    if (again) expect((await runHere([...source, "-o", "y/{id}.{ext}"], call)).code).toBe(0);
    const ids = world.tim.recordings().map(({ voicefilename }) => voicefilename);
    const purged = await runHere(["purge", ...ids, "--yes", ...place], call);
    expect([purged.code, purged.err]).toEqual([0, expect.stringContaining("deleted")]);
    expect(await keysIn("calls", prefix)).toEqual([`${prefix}/.callreel/archive.json`]);
  });
});
