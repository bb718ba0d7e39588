import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { openRudeBucket } from "../helpers/rude-bucket.ts";
import { runHere } from "../helpers/run-here.ts";
import { describeOnCeph, withLock } from "../helpers/shared-ceph.ts";
import { openTimWorld, type TimWorld } from "./tim-world.ts";

const everything = ["--before", "2100-01-01", "--yes"];

describeOnCeph("the list of hashes in a bucket of Ceph", { calls: {}, locked: withLock, versioned: {} }, (ceph) => {
  function callreel(world: TimWorld, ...args: readonly string[]) {
    return runHere([...args, "--s3-endpoint", ceph.endpoint], { env: { ...world.env, ...ceph.env } });
  }
  const pathOf = (key: string) => key.split("/").map(encodeURIComponent).join("/");
  const textAt = async (key: string, query = "") => (await ceph.send("GET", `${pathOf(key)}${query}`)).text();

  async function versionsOf(bucket: string, key: string): Promise<string[]> {
    const xml = await (await ceph.send("GET", `${bucket}?versions&prefix=${encodeURIComponent(key)}`)).text();
    return [...xml.matchAll(/<(?:Version|DeleteMarker)>/g)].map(([each]) => each);
  }

  test.each(["calls", "versioned", "locked"])(
    "is written, replaced, checked by sha256sum, and names nothing that was purged: %s",
    async (bucket) => {
      await using world = await openTimWorld(4);
      if (bucket === "versioned") {
        const versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        await ceph.send("PUT", "versioned?versioning", {}, versioning);
      }
      const place = ["-d", `s3://${bucket}/sums`];
      const source = ["-s", "tim", "-r", world.csv];
      expect((await callreel(world, "download", ...source, ...place, "--max-downloads", "2")).code).toBe(8);
      const verify = (...more: readonly string[]) => callreel(world, "verify", ...place, ...more);
      for (let times = 0; times < 2; times += 1) {
        const written = await verify("--write-sums");
        expect([written.code, written.err]).toEqual([0, expect.stringContaining("all unchanged")]);
      }
      const key = `${bucket}/sums/SHA256SUMS`;
      expect((await textAt(key)).trim().split("\n")).toHaveLength(2);
      expect((await callreel(world, "download", ...source, ...place)).code).toBe(0);
      expect((await verify("--write-sums")).code).toBe(0);

      // What a person does with it: all of it is fetched, and checked by another tool.
      const copy = join(world.home, "copy");
      const lines = (await textAt(key)).trim().split("\n");
      expect(lines).toHaveLength(4);
      for (const line of lines) {
        const path = line.slice(66);
        mkdirSync(join(copy, dirname(path)), { recursive: true });
        const answer = await ceph.send("GET", pathOf(`${bucket}/sums/${path}`));
        writeFileSync(join(copy, path), Buffer.from(await answer.arrayBuffer()));
      }
      writeFileSync(join(copy, "SHA256SUMS"), await textAt(key));
      expect(execFileSync("sha256sum", ["-c", "SHA256SUMS"], { cwd: copy, encoding: "utf8" })).toMatch(
        /^(.*: OK\n){4}$/,
      );

      const after = await verify();
      expect([after.code, after.out]).toEqual([0, ""]);
      const [first = ""] = lines;
      const id = world.tim.recordings().find(({ voicefilename }) => first.includes(voicefilename))?.voicefilename ?? "";
      const purged = await callreel(world, "purge", id, "--yes", ...place);
      expect([purged.code, purged.err]).toEqual([0, expect.stringContaining("1 recording")]);
      expect((await textAt(key)).trim().split("\n")).toEqual(lines.slice(1));
      expect(await versionsOf(bucket, "sums/SHA256SUMS")).toHaveLength(1);
      expect((await verify()).code).toBe(0);
    },
  );

  test("is purged with its hidden versions, and one that somebody else wrote stays as it is, 13", async () => {
    await using world = await openTimWorld(2);
    const place = ["-d", "s3://locked/foreign"];
    expect((await callreel(world, "download", "-s", "tim", "-r", world.csv, ...place)).code).toBe(0);
    expect((await callreel(world, "verify", "--write-sums", ...place)).code).toBe(0);
    await ceph.send("DELETE", "locked/foreign/SHA256SUMS");
    expect((await callreel(world, "purge", ...everything, ...place)).code).toBe(0);
    expect(await versionsOf("locked", "foreign/SHA256SUMS")).toEqual([]);

    await ceph.send("PUT", "locked/foreign/SHA256SUMS", {}, "somebody's own");
    const refused = await callreel(world, "verify", "--write-sums", ...place);
    expect([refused.code, refused.err]).toEqual([
      13,
      expect.stringContaining("there is an object by that name that callreel has not written"),
    ]);
    expect(await textAt("locked/foreign/SHA256SUMS")).toBe("somebody's own");
  });

  test("that is locked is told at a purge, and purged by the next one after its lock", async () => {
    await using world = await openTimWorld(2);
    const place = ["-d", "s3://locked/kept"];
    expect((await callreel(world, "download", "-s", "tim", "-r", world.csv, ...place)).code).toBe(0);
    expect((await callreel(world, "verify", "--write-sums", ...place)).code).toBe(0);
    const until = new Date(Date.now() + 3600_000).toISOString();
    const retention = (mode: string) =>
      `<Retention><Mode>${mode}</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`;
    expect((await ceph.send("PUT", "locked/kept/SHA256SUMS?retention", {}, retention("GOVERNANCE"))).status).toBe(200);
    const told = await callreel(world, "purge", ...everything, ...place);
    expect([told.code, told.err]).toEqual([3, expect.stringContaining("SHA256SUMS has been locked at its store")]);
    const versions = await (await ceph.send("GET", "locked?versions&prefix=kept/SHA256SUMS")).text();
    const [, version] = /<VersionId>([^<]*)</.exec(versions) ?? [];
    await ceph.send("DELETE", `locked/kept/SHA256SUMS?versionId=${version}`, {
      "x-amz-bypass-governance-retention": "true",
    });
    const next = await callreel(world, "purge", ...everything, ...place);
    expect([next.code, next.err]).toEqual([0, expect.stringContaining("of an earlier purge")]);
    expect(await versionsOf("locked", "kept/SHA256SUMS")).toEqual([]);
  });
});

test("a store that says 200 and keeps no list, knows no condition, or lets another program write first is found out", async () => {
  await using world = await openTimWorld(2);
  await using bucket = await openRudeBucket();
  const env = { ...world.env, AWS_ACCESS_KEY_ID: "owner", AWS_SECRET_ACCESS_KEY: "secret" };
  const place = ["-d", "s3://calls/sums", "--s3-endpoint", bucket.endpoint, "-R", "1"];
  expect((await runHere(["download", "-s", "tim", "-r", world.csv, ...place], { env })).code).toBe(0);
  bucket.rudeness = ({ query }, response) => {
    if (!query.has("list-type")) return false;
    const keys = [...bucket.objects.keys()].map((key) => `<Contents><Key>${key}</Key></Contents>`);
    response.end(`<ListBucketResult>${keys.join("")}</ListBucketResult>`);
    return true;
  };
  const listing = bucket.rudeness;
  const verify = () => runHere(["verify", "--write-sums", ...place], { env });
  bucket.rudeness = (request, response, store) => {
    if (request.method !== "PUT") return listing(request, response, store);
    response.end();
    return true;
  };
  const dropped = await verify();
  expect([dropped.code, dropped.err]).toEqual([5, expect.stringContaining("the store said that it took SHA256SUMS")]);

  bucket.rudeness = listing;
  expect((await verify()).code).toBe(0);
  const stored = () => bucket.objects.get("sums/SHA256SUMS")?.body.toString();
  const whole = stored();
  expect(whole?.trim().split("\n")).toHaveLength(2);
  bucket.rudeness = (request, response, store) => {
    if (request.headers["if-match"] === undefined) return listing(request, response, store);
    response.writeHead(501).end();
    return true;
  };
  expect([(await verify()).code, stored()]).toEqual([0, whole]);
});
