import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../helpers/bin.ts";
import { openRudeBucket } from "../helpers/rude-bucket.ts";
import { runHere } from "../helpers/run-here.ts";
import { describeOnCeph } from "../helpers/shared-ceph.ts";
import { openTimWorld, type TimWorld } from "./tim-world.ts";

const libraries = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(
  (machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`,
);
const faketime = libraries.find((path) => existsSync(path));

describeOnCeph("what a bucket of Ceph refuses", { calls: {} }, (ceph) => {
  const download = (world: TimWorld, dest: string, env: Record<string, string | undefined> = {}, more: string[] = []) =>
    // What is loaded before a process needs one.
    (env.LD_PRELOAD === undefined ? runHere : run)(
      ["download", "-s", "tim", "-r", world.csv, "-d", dest, "--s3-endpoint", ceph.endpoint, "-R", "1", ...more],
      { env: { ...world.env, ...ceph.env, ...env } },
    );

  async function keysIn(prefix: string): Promise<string[]> {
    const xml = await (await ceph.send("GET", `calls?list-type=2&prefix=${prefix}/`)).text();
    return [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key as string);
  }

  test.skipIf(faketime === undefined).each([
    ["+20m", "20 min ahead of the store's"],
    ["-20m", "20 min behind the store's"],
  ])("a clock that is %s off: told by how much, 7, and nothing is written", async (apart, says) => {
    await using world = await openTimWorld(2);
    const ended = await download(world, "s3://calls/clock", { LD_PRELOAD: faketime, FAKETIME: apart });
    expect([ended.code, ended.err]).toEqual([7, expect.stringContaining(says)]);
    expect(ended.err).toContain("Set its clock (NTP)");
    expect(await keysIn("clock")).toEqual([]);
  });

  test("a key that may read and not write: 7 before anything is fetched, and what stands there stays", async () => {
    await using world = await openTimWorld(2);
    const grant = (action: string) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { AWS: [`arn:aws:iam::${ceph.tenant}:user/stranger`] },
            Action: [action, "s3:ListBucket"],
            Resource: ["arn:aws:s3:::readable", "arn:aws:s3:::readable/*"],
          },
        ],
      });
    await ceph.send("PUT", "readable");
    expect((await ceph.send("PUT", "readable?policy", {}, grant("s3:GetObject"))).status).toBeLessThan(300);
    const ended = await download(world, "s3://readable/x", ceph.stranger);
    expect([ended.code, ended.err]).toEqual([
      7,
      expect.stringContaining("permission denied. The key needs s3:GetObject, s3:PutObject"),
    ]);
    expect(ended.err).toContain("writing .callreel/archive.json");
  });

  test("a bucket of another archive: 2 with another ledger, 13 with none, and both archives stay as they are", async () => {
    await using world = await openTimWorld(2);
    await using other = await openTimWorld(2);
    expect((await download(world, "s3://calls/one")).code).toBe(0);
    expect((await download(other, "s3://calls/two")).code).toBe(0);
    const before = [await keysIn("one"), await keysIn("two")];
    const [home = ""] = readdirSync(join(other.home, "state", "callreel", "s3"));
    const ledger = join(other.home, "state", "callreel", "s3", home, ".callreel", "ledger.db");
    for (const command of [
      "download -s tim -r CSV",
      "verify",
      "verify --repair",
      "purge --before 2100-01-01 --yes",
      "export --plain PLAIN",
      "adopt s3://calls/one --match {id}.{ext}",
      "serve --port 0",
    ]) {
      const args = command
        .split(" ")
        .map((each) => ({ CSV: other.csv, PLAIN: join(other.home, "plain") })[each] ?? each);
      const ended = await runHere(
        [...args, "-d", "s3://calls/one", "--ledger", ledger, "--s3-endpoint", ceph.endpoint],
        {
          env: { ...other.env, ...ceph.env },
        },
      );
      expect([command, ended.code, ended.err]).toEqual([
        command,
        2,
        expect.stringContaining("holds a different archive from this ledger's"),
      ]);
    }
    const none = await download(other, "s3://calls/one");
    expect([none.code, none.err]).toEqual([13, expect.stringContaining("holds an archive whose ledger is not here")]);
    expect([await keysIn("one"), await keysIn("two")]).toEqual(before);
  });

  test("keys come from files, too; a file that is missing or empty is named, 2", async () => {
    await using world = await openTimWorld(2);
    const { AWS_ACCESS_KEY_ID: id = "", AWS_SECRET_ACCESS_KEY: secret = "" } = ceph.env;
    const none = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const file = (name: string, text: string) => {
      writeFileSync(join(world.home, name), text, { mode: 0o600 });
      return join(world.home, name);
    };
    const files = {
      ...none,
      AWS_ACCESS_KEY_ID_FILE: file("id", `${id}\n`),
      AWS_SECRET_ACCESS_KEY_FILE: file("secret", `${secret}\n`),
    };
    expect((await download(world, "s3://calls/files", files)).code).toBe(0);
    expect((await keysIn("files")).length).toBeGreaterThan(1);
    for (const [name, path] of [
      ["missing", join(world.home, "missing")],
      ["empty", file("empty", "\n")],
    ]) {
      const ended = await download(world, "s3://calls/files", { ...files, AWS_SECRET_ACCESS_KEY_FILE: path });
      expect([name, ended.code, ended.err]).toEqual([name, 2, expect.stringContaining("AWS_SECRET_ACCESS_KEY_FILE")]);
      expect(ended.err).not.toContain(secret);
    }
  });
});

test("encryption, storage class and lock are asked for with each object, and sidecars are not locked", async () => {
  await using world = await openTimWorld(2);
  await using bucket = await openRudeBucket();
  bucket.rudeness = ({ method, query, key, headers }, response, store) => {
    if (query.has("object-lock")) {
      response.end("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>");
      return true;
    }
    if (method !== "PUT" || key.includes(".callreel")) return false;
    store();
    response.setHeader("x-amz-server-side-encryption", headers["x-amz-server-side-encryption"] ?? "");
    response.end();
    return true;
  };
  const keeping = [
    "--s3-sse",
    "kms:alias/calls",
    "--s3-storage-class",
    "STANDARD_IA",
    "--s3-object-lock",
    "compliance:7y",
  ];
  const args = ["download", "-s", "tim", "-r", world.csv, "-d", "s3://calls/kept", "--s3-endpoint", bucket.endpoint];
  const token = join(world.home, "token");
  writeFileSync(token, "session-token\n", { mode: 0o600 });
  const keys = { AWS_ACCESS_KEY_ID: "owner", AWS_SECRET_ACCESS_KEY: "secret", AWS_SESSION_TOKEN_FILE: token };
  const env = { ...world.env, ...keys };
  const yearBefore = new Date().getUTCFullYear();
  const { code, err } = await runHere([...args, ...keeping, "--write-info-json"], { env });
  expect([code, err]).toEqual([0, expect.stringContaining("Done in")]);
  const puts = bucket.seen.filter(({ method, key }) => method === "PUT" && !key.includes(".callreel"));
  const audio = puts.filter(({ key }) => key.endsWith(".wav"));
  expect([audio.length, puts.length]).toEqual([2, 4]);
  for (const { key, headers } of puts) {
    expect(headers).toMatchObject({
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": "alias/calls",
      "x-amz-storage-class": "STANDARD_IA",
    });
    expect(headers["x-amz-object-lock-mode"]).toBe(key.endsWith(".wav") ? "COMPLIANCE" : undefined);
    expect(headers.authorization).toContain("x-amz-storage-class");
    expect(headers["x-amz-security-token"]).toBe("session-token");
  }
  for (const { headers } of audio) {
    const until = new Date(String(headers["x-amz-object-lock-retain-until-date"]));
    expect([yearBefore + 7, new Date().getUTCFullYear() + 7]).toContain(until.getUTCFullYear());
    expect(headers["content-md5"]).toMatch(/^[A-Za-z0-9+/]{22}==$/);
  }
});

/** Makes Node look for the package in vain. */
const withoutChain = (() => {
  const asUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  const hides = `export function resolve(name, context, next) { if (name.startsWith("@aws-sdk/")) throw Object.assign(new Error(name), { code: "ERR_MODULE_NOT_FOUND" }); return next(name, context); }`;
  return `--import ${asUrl(`import { register } from "node:module"; register(${JSON.stringify(asUrl(hides))});`)}`;
})();

test("a key's half, or none where AWS's chain is not installed, is told before anything is fetched", async () => {
  await using world = await openTimWorld(1);
  await using bucket = await openRudeBucket();
  const args = ["download", "-s", "tim", "-r", world.csv, "-d", "s3://calls/x", "--s3-endpoint", bucket.endpoint];
  const half = await run(args, { env: { ...world.env, AWS_ACCESS_KEY_ID: "owner" } });
  expect([half.code, half.err]).toEqual([2, expect.stringContaining("AWS_SECRET_ACCESS_KEY is not set")]);
  const env = { ...world.env, AWS_PROFILE: "calls", AWS_EC2_METADATA_DISABLED: "true", NODE_OPTIONS: withoutChain };
  const none = await run(args, { env });
  expect([none.code, none.err]).toEqual([2, expect.stringContaining("npm install @aws-sdk/credential-provider-node")]);
  expect(bucket.seen).toEqual([]);
});
