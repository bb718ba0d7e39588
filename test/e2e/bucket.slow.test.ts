import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openS3Client } from "../../src/destinations/s3/client.ts";
import { fixedCredentials } from "../../src/destinations/s3/credentials.ts";
import { openS3Store } from "../../src/destinations/s3/store.ts";
import { openHttp } from "../../src/http/client.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { type StoreUnderTest, testStore } from "../contracts/store.ts";
import { run } from "../helpers/bin.ts";
import { openBucketProxy } from "../helpers/bucket-proxy.ts";
import { listLoadedModules, loadedModules } from "../helpers/loaded-modules.ts";
import { runHere } from "../helpers/run-here.ts";
import { describeOnCeph, withLock } from "../helpers/shared-ceph.ts";
import { finishedIn, openTimWorld, type TimWorld } from "./tim-world.ts";

describeOnCeph("an archive in a bucket of Ceph", { calls: {}, locked: withLock }, (ceph) => {
  function download(world: TimWorld, dest: string, more: readonly string[] = [], env: Record<string, string> = {}) {
    const place = ["-d", dest, "--s3-endpoint", ceph.endpoint, "-R", "1"];
    return runHere(["download", "-s", "tim", "-r", world.csv, ...place, ...more], {
      env: { ...world.env, ...ceph.env, ...env },
    });
  }

  /** Every object under a prefix whose bytes are a recording's, by name; fails on bytes that no recording has. */
  async function heldIn(world: TimWorld, bucket: string, prefix: string): Promise<Map<string, Response>> {
    const hashes = new Map(
      world.tim.recordings().map(({ voicefilename }) => [hashOf(world.tim.audioOf(voicefilename)), voicefilename]),
    );
    const held = new Map<string, Response>();
    for (const key of await keysIn(bucket, prefix)) {
      if (key.includes("/.callreel/")) continue;
      const answer = await ceph.send("GET", `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`);
      const name = hashes.get(hashOf(Buffer.from(await answer.arrayBuffer())));
      if (name === undefined) throw new Error(`${key} holds bytes that no recording has`);
      held.set(name, answer);
    }
    return held;
  }

  async function keysIn(bucket: string, prefix: string): Promise<string[]> {
    const xml = await (await ceph.send("GET", `${bucket}?list-type=2&prefix=${prefix}`)).text();
    return [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key as string);
  }

  test("holds each recording once, whole, with its key and hash, and nothing stays here", async () => {
    await using world = await openTimWorld(12);
    const first = await download(world, "s3://calls/first");
    expect([first.code, first.err]).toEqual([0, expect.stringContaining("The ledger of s3://calls/first is ")]);
    const held = await heldIn(world, "calls", "first/");
    const wanted = new Set(world.tim.recordings().map(({ voicefilename }) => voicefilename));
    expect(new Set(held.keys())).toEqual(wanted);
    for (const [name, { headers }] of held) {
      expect(headers.get("x-amz-meta-callreel-key")).toContain(encodeURIComponent(name));
      expect(headers.get("x-amz-meta-callreel-sha256")).toBe(hashOf(world.tim.audioOf(name)));
      expect(headers.get("content-type")).toBe("audio/wav");
    }
    expect(existsSync(world.archive)).toBe(false);
    const homes = readdirSync(join(world.home, "state", "callreel", "s3"));
    expect(homes).toHaveLength(1);
    expect(finishedIn(join(world.home, "state", "callreel", "s3", homes[0] as string))).toEqual([]);
    const again = await download(world, "s3://calls/first");
    expect([again.code, again.err]).toEqual([0, expect.stringMatching(/already downloaded/)]);
    const status = await runHere(["status", "-d", "s3://calls/first", "--s3-endpoint", ceph.endpoint], {
      env: world.env,
    });
    expect([status.code, status.out]).toEqual([0, expect.stringContaining("exit 0")]);
  });

  test("adopts what a run left that was killed between PUT and ledger, and overwrites nobody's object", async () => {
    await using world = await openTimWorld(4);
    expect((await download(world, "s3://calls/adopt")).code).toBe(0);
    const held = await heldIn(world, "calls", "adopt/");
    await ceph.send("DELETE", "calls/adopt/.callreel/archive.json");
    rmSync(join(world.home, "state"), { recursive: true });
    const taken = await download(world, "s3://calls/adopt");
    expect(taken.code).toBe(0);
    expect(taken.err).toContain(`Done in`);
    expect((await heldIn(world, "calls", "adopt/")).size).toBe(held.size);

    await ceph.send("DELETE", "calls/adopt/.callreel/archive.json");
    rmSync(join(world.home, "state"), { recursive: true });
    const [key = ""] = (await keysIn("calls", "adopt/")).filter((each) => each.endsWith(".wav"));
    const path = `calls/${key.split("/").map(encodeURIComponent).join("/")}`;
    await ceph.send("PUT", path, {}, "somebody else's");
    const refused = await download(world, "s3://calls/adopt");
    expect([refused.code, refused.err]).toEqual([3, expect.stringContaining("another object has that name already")]);
    expect(await (await ceph.send("GET", path)).text()).toBe("somebody else's");
  });

  test("locks each object where it is asked to, adds no version, and refuses a bucket that cannot", async () => {
    await using world = await openTimWorld(3);
    const locked = await download(world, "s3://locked/a", ["--s3-object-lock", "governance:2d"]);
    expect([locked.code, locked.err]).toEqual([0, expect.any(String)]);
    for (const { headers } of (await heldIn(world, "locked", "a/")).values()) {
      expect(headers.get("x-amz-object-lock-mode")).toBe("GOVERNANCE");
      const until = Date.parse(headers.get("x-amz-object-lock-retain-until-date") ?? "");
      expect(until - Date.now()).toBeGreaterThan(1.9 * 24 * 3600_000);
    }
    // As after a run that was killed between PUT and ledger: this store ignores If-None-Match where it keeps versions.
    await ceph.send("DELETE", "locked/a/.callreel/archive.json");
    rmSync(join(world.home, "state"), { recursive: true });
    const again = await download(world, "s3://locked/a", ["--s3-object-lock", "governance:2d"]);
    expect([again.code, again.err]).toEqual([0, expect.stringContaining("Done in")]);
    const versions = await (await ceph.send("GET", "locked?versions&prefix=a/tim")).text();
    expect(versions.match(/<Version>/g)).toHaveLength((await heldIn(world, "locked", "a/")).size);
    await world[Symbol.asyncDispose]();
    await using plain = await openTimWorld(3);
    const refused = await download(plain, "s3://calls/nolock", ["--s3-object-lock", "compliance:7y"]);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("cannot lock objects")]);
    expect(await keysIn("calls", "nolock/")).toEqual([]);
  });

  test("tells each thing that is wrong by a sentence and an exit code, before anything is fetched", async () => {
    await using world = await openTimWorld(20);
    expect((await download(world, "s3://calls/told")).code).toBe(0);
    const cases: readonly [string, string, Record<string, string>, number, string][] = [
      ["wrong bucket", "s3://no-such-bucket/x", {}, 2, "there is no bucket no-such-bucket there"],
      ["wrong secret", "s3://calls/x", { AWS_SECRET_ACCESS_KEY: "wrong" }, 7, "refuses the signature"],
      ["unknown key", "s3://calls/x", { AWS_ACCESS_KEY_ID: "nobody" }, 7, "does not know this AWS_ACCESS_KEY_ID"],
      ["no right", "s3://calls/x", { ...ceph.stranger }, 7, "permission denied"],
      ["half a key pair", "s3://calls/x", { AWS_SECRET_ACCESS_KEY: "" }, 2, "AWS_SECRET_ACCESS_KEY is not set"],
      ["another archive", "s3://calls/told", { XDG_STATE_HOME: join(world.home, "other") }, 13, "ledger is not here"],
    ];
    for (const [name, dest, env, code, says] of cases) {
      const ended = await download(world, dest, [], env);
      expect([name, ended.code, ended.err]).toEqual([name, code, expect.stringContaining(says)]);
      expect(ended.err).not.toMatch(/secret\/of/);
    }
    const tls = ceph.endpoint.replace("http:", "https:");
    const refused = await download(world, "s3://calls/x", ["--s3-endpoint", tls]);
    expect([refused.code, refused.err]).toEqual([5, expect.stringContaining("the secure connection failed")]);
    expect(await keysIn("calls", "x/")).toEqual([]);
  });

  test("verify reads each object again, and tells what is missing, changed and unknown", async () => {
    await using world = await openTimWorld(5);
    expect((await download(world, "s3://calls/verified")).code).toBe(0);
    const verify = (dest: string, env: Record<string, string> = {}) =>
      runHere(["verify", "-d", dest, "--s3-endpoint", ceph.endpoint, "-R", "0"], {
        env: { ...world.env, ...ceph.env, ...env },
      });
    const sound = await verify("s3://calls/verified");
    expect([sound.code, sound.err]).toEqual([0, expect.stringMatching(/compared, not read .*all unchanged/)]);
    const read = await runHere(["verify", "--read", "-d", "s3://calls/verified", "--s3-endpoint", ceph.endpoint], {
      env: { ...world.env, ...ceph.env },
    });
    expect([read.code, read.err]).toEqual([0, expect.stringMatching(/re-read in .*all unchanged/)]);
    const [first = "", second = ""] = (await keysIn("calls", "verified/")).filter((key) => key.endsWith(".wav"));
    const pathOf = (key: string) => `calls/${key.split("/").map(encodeURIComponent).join("/")}`;
    await ceph.send("DELETE", pathOf(first));
    await ceph.send("PUT", pathOf(second), {}, "other bytes");
    await ceph.send("PUT", "calls/verified/stranger.wav", {}, "whose is this?");
    const broken = await verify("s3://calls/verified");
    expect(broken.code).toBe(6);
    expect(broken.out).toContain("the file is not there");
    expect(broken.out).toMatch(/11 bytes instead of/);
    expect(broken.out).toContain("stranger.wav");
    const refused = await verify("s3://calls/verified", ceph.stranger);
    expect([refused.code, refused.out]).toEqual([7, ""]);
    await ceph.send("DELETE", "calls/verified/.callreel/archive.json");
    const emptied = await verify("s3://calls/verified");
    expect([emptied.code, emptied.err]).toEqual([2, expect.stringContaining("does not hold this ledger's archive")]);
  });

  test("verify tells of each object that lacks the lock its archive asks for, and of other bytes of the same size", async () => {
    await using world = await openTimWorld(4);
    const place = "s3://locked/verified";
    expect((await download(world, place, ["--max-downloads", "1"])).code).toBe(8);
    const verify = async (...args: readonly string[]) => {
      const options = ["-d", place, "--s3-endpoint", ceph.endpoint, "--json", ...args];
      const { code, out } = await runHere(["verify", ...options], { env: { ...world.env, ...ceph.env } });
      const lines = out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      return { code, read: lines.at(-1)?.read, found: lines.slice(0, -1).map(({ kind, message }) => [kind, message]) };
    };
    const before = await verify();
    expect(before).toEqual({ code: 0, read: false, found: [] });
    const early = (await keysIn("locked", "verified/")).filter((key) => key.endsWith(".wav"));
    // Stores tell times in seconds: what came before is to be older by one.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await download(world, place, ["--s3-object-lock", "governance:3d"])).code).toBe(0);
    expect(await verify()).toEqual({ code: 0, read: false, found: [] });

    const pathOf = (key: string) => `locked/${key.split("/").map(encodeURIComponent).join("/")}`;
    const [first = "", second = ""] = (await keysIn("locked", "verified/"))
      .filter((key) => key.endsWith(".wav") && !early.includes(key))
      .sort();
    const copied = async (key: string, more: Record<string, string>, alter = (bytes: Buffer) => bytes) => {
      const answer = await ceph.send("GET", pathOf(key));
      const kept = [...answer.headers].filter(([name]) => /^(content-type|x-amz-meta-)/.test(name));
      const body = alter(Buffer.from(await answer.arrayBuffer()));
      await ceph.send("PUT", pathOf(key), { ...Object.fromEntries(kept), ...more }, body);
    };
    await copied(first, {});
    const soon = new Date(Date.now() + 3600_000).toISOString();
    const lock = { "x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": soon };
    await copied(second, lock, (bytes) => Buffer.alloc(bytes.length, "x"));
    const faults = [
      ["lock", expect.stringContaining("it has no Object Lock, and this archive asked for governance:3d")],
      ["lock", expect.stringMatching(/^its Object Lock ends .*, too early for governance:3d/)],
    ];
    const changed = ["changed", "its SHA-256 has changed since it was downloaded"];
    const looked = await verify();
    expect([looked.code, looked.read]).toEqual([6, false]);
    expect(looked.found).toHaveLength(3);
    expect(looked.found).toEqual(expect.arrayContaining([...faults, changed]));
    const read = await verify("--read");
    expect([read.code, read.read]).toEqual([6, true]);
    expect(read.found).toHaveLength(3);
    expect(read.found).toEqual(expect.arrayContaining([...faults, changed]));
    // What reading has found is not forgotten by a look.
    expect((await verify()).found).toEqual(expect.arrayContaining([changed]));
    await verify("--read", "--repair");
    // What was mended is locked as asked; what was whole and unlocked stays so.
    expect((await verify("--read")).found).toEqual([faults[0]]);
  });

  test("verify reads an object that its store calls something else than at its upload, and notes that name when the bytes are the same", async () => {
    await using world = await openTimWorld(3);
    await using proxy = await openBucketProxy(ceph.endpoint);
    expect((await download(world, "s3://calls/etags", ["--s3-endpoint", proxy.endpoint])).code).toBe(0);
    const verify = async (...more: readonly string[]) => {
      proxy.seen.length = 0;
      const args = ["verify", "-d", "s3://calls/etags", "--s3-endpoint", proxy.endpoint, ...more];
      const { code, out, err } = await runHere(args, { env: { ...world.env, ...ceph.env } });
      return { code, out, err, reads: proxy.seen.filter((each) => each.startsWith("GET") && each.endsWith(".wav")) };
    };
    expect(await verify()).toMatchObject({ code: 0, reads: [] });
    const [first = "", second = ""] = (await keysIn("calls", "etags/")).filter((key) => key.endsWith(".wav"));
    const pathOf = (key: string) => `calls/${key.split("/").map(encodeURIComponent).join("/")}`;
    // As a copy in parts, the same bytes get another ETag.
    await copyInParts(pathOf(first));
    expect(await verify()).toMatchObject({ code: 0, reads: [`GET /${pathOf(first)}`] });
    expect(await verify()).toMatchObject({ code: 0, reads: [] });
    // Whoever writes our notes along is found out by the ETag alone.
    const answer = await ceph.send("GET", pathOf(second));
    const noted = [...answer.headers].filter(([name]) => /^(content-type|x-amz-meta-)/.test(name));
    const { byteLength } = await answer.arrayBuffer();
    await ceph.send("PUT", pathOf(second), Object.fromEntries(noted), Buffer.alloc(byteLength, "x"));
    const broken = await verify();
    expect([broken.code, broken.reads]).toEqual([6, [`GET /${pathOf(second)}`]]);
    expect(broken.out).toMatch(/^changed: .*: its SHA-256 has changed since it was downloaded\n$/);
  });

  async function copyInParts(path: string): Promise<void> {
    const answer = await ceph.send("GET", path);
    const noted = [...answer.headers].filter(([name]) => /^(content-type|x-amz-meta-)/.test(name));
    const body = Buffer.from(await answer.arrayBuffer());
    const begun = await (await ceph.send("POST", `${path}?uploads`, Object.fromEntries(noted))).text();
    const upload = `uploadId=${/<UploadId>([^<]+)/.exec(begun)?.[1]}`;
    const etag = (await ceph.send("PUT", `${path}?partNumber=1&${upload}`, {}, body)).headers.get("etag");
    const parts = `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`;
    const xml = `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`;
    expect((await ceph.send("POST", `${path}?${upload}`, {}, xml)).status).toBe(200);
  }

  let prefixes = 0;
  /** A place of its own, reached as the program reaches it. */
  async function openStoreUnderTest(): Promise<StoreUnderTest> {
    prefixes += 1;
    const { place, client, encode } = clientFor(`stores/${prefixes}/`);
    const put = async (path: string, bytes: Uint8Array, headers: Record<string, string> = {}) => {
      const { status } = await ceph.send("PUT", `locked/${encode(place.prefix + path)}`, headers, bytes);
      if (status !== 200) throw new Error(`PUT answered ${status}`);
    };
    return {
      store: openS3Store({ client, now: Date.now, signal: new AbortController().signal }),
      put,
      putNoted: (path, bytes, key) =>
        put(path, bytes, { "x-amz-meta-callreel-key": key, "x-amz-meta-callreel-sha256": hashOf(bytes) }),
      async putLocked(path, bytes) {
        const until = new Date(Date.now() + 3600_000).toISOString();
        await put(path, bytes, {
          "x-amz-object-lock-mode": "COMPLIANCE",
          "x-amz-object-lock-retain-until-date": until,
        });
      },
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  }

  function clientFor(prefix: string) {
    const place = { bucket: "locked", prefix };
    const { AWS_ACCESS_KEY_ID: accessKeyId = "", AWS_SECRET_ACCESS_KEY: secretAccessKey = "" } = ceph.env;
    const http = openHttp({ connections: 16, connectTimeoutMs: 5_000, timeoutMs: 30_000, userAgent: "test" });
    const client = openS3Client({
      place,
      server: { endpoint: ceph.endpoint, region: "us-east-1" },
      credentials: fixedCredentials({ accessKeyId, secretAccessKey }),
      http,
      clock: systemClock,
      random: () => 0,
    });
    const encode = (key: string) =>
      key
        .split("/")
        .map((part) =>
          encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
        )
        .join("/");
    return { place, client, encode };
  }

  testStore("a bucket with versions and locks", openStoreUnderTest);

  test("a removed object is gone with all its versions", async () => {
    await using world = await openStoreUnderTest();
    for (const text of ["one", "two", "three"]) await world.put("a.wav", Buffer.from(text));
    await world.put("a.wav.wav", Buffer.from("another"));
    expect(await world.store.remove("a.wav")).toBe("removed");
    const xml = await (await ceph.send("GET", `locked?versions&prefix=stores/${prefixes}/`)).text();
    expect([...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key)).toEqual([`stores/${prefixes}/a.wav.wav`]);
  });

  test("doctor tells what the store can and leaves nothing there", async () => {
    await using world = await openTimWorld(1);
    const args = ["doctor", "-s", "tim", "-r", world.csv, "--s3-endpoint", ceph.endpoint, "--json"];
    const env = { ...world.env, ...ceph.env };
    const { code, out } = await runHere([...args, "-d", "s3://calls/doctor"], { env });
    const checks = out.trim().split("\n");
    const status = new Map(checks.map((line) => JSON.parse(line)).map((check) => [check.name, check.status]));
    expect(code).toBe(0);
    for (const name of ["bucket", "bucket clock", "bucket rights", "conditional PUT", "payload hash", "object lock"]) {
      expect([name, status.get(name)]).toEqual([name, "ok"]);
    }
    expect(await keysIn("calls", "doctor/")).toEqual([]);
    const lacking = await runHere([...args, "-d", "s3://calls/doctor", "--s3-object-lock", "compliance:7y"], { env });
    expect([lacking.code, lacking.out]).toEqual([2, expect.stringContaining("the bucket cannot lock objects")]);
  });
});

test("who keeps an archive in a folder loads nothing of S3", async () => {
  await using world = await openTimWorld(20);
  const env = { ...world.env, NODE_OPTIONS: `--import ${listLoadedModules}` };
  const { code, err } = await run(["download", "-s", "tim", "-r", world.csv, "-d", world.archive], { env });
  expect(code).toBe(0);
  const loaded = loadedModules(err);
  const ours = loaded.filter((url) => url.includes("/dist/bundle/")).map((url) => fileURLToPath(url));
  const speaksS3 = (file: string) => readFileSync(file, "utf8").includes("x-amz-");
  const bundle = fileURLToPath(new URL("../../dist/bundle/", import.meta.url));
  expect(readdirSync(bundle).filter((name) => speaksS3(join(bundle, name)))).not.toEqual([]);
  expect(ours).toContain(join(bundle, "transfer-worker.js"));
  expect([ours.filter(speaksS3), loaded.filter((url) => url.includes("aws"))]).toEqual([[], []]);
});

describe("a bucket", () => {
  test.each(["demo"])("is refused by what works on folders alone: %s", async (command) => {
    const ended = await runHere([...command.split(" "), "-d", "s3://calls/x"]);
    expect([ended.code, ended.err]).toEqual([
      2,
      expect.stringMatching(/does not work with (s3:\/\/calls\/x|--dest s3:\/\/…) yet/),
    ]);
  });
});

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
