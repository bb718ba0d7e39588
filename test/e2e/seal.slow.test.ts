import { execFileSync } from "node:child_process";
import { generateKeyPairSync, verify as verifySignature } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { runHere } from "../helpers/run-here.ts";
import { openTimeStampAuthority } from "../helpers/time-stamp-authority.ts";
import { eventsOf, openTimWorld, type TimWorld } from "./tim-world.ts";

function keysIn(folder: string, name = "seal") {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const files = { key: join(folder, `${name}.key`), pub: join(folder, `${name}.pub`) };
  writeFileSync(files.key, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  writeFileSync(files.pub, publicKey.export({ type: "spki", format: "pem" }));
  return { ...files, publicKey };
}

const download = ({ csv, archive, env }: TimWorld, ...args: string[]) =>
  runHere(["download", "--rows", csv, "-d", archive, "--json", ...args], { env });

async function verify({ archive, env }: TimWorld, ...args: string[]) {
  const { code, out, err } = await runHere(["verify", "-d", archive, ...args], { env });
  return { code, out, err };
}

/** Writes all records anew, as somebody would who knows this program and has no key. */
function forge({ archive }: TimWorld): void {
  const database = openSqlite(join(archive, ".callreel", "ledger.db"));
  database.exec("DELETE FROM runs; DELETE FROM audits; DELETE FROM chains");
  database.close();
}

describe("--seal-key", () => {
  it("signs the head after each run, as others can verify, and later runs and purges take nothing from it", async () => {
    await using world = await openTimWorld(3);
    const { key, pub, publicKey } = keysIn(world.home);
    expect((await download(world, "--seal-key", key)).code).toBe(0);
    const sealed = readFileSync(join(world.archive, ".callreel", "seals"), "utf8");
    const { head, at, signature } = JSON.parse(sealed) as Record<"head" | "at" | "signature", string>;
    const bytes = Buffer.from(`callreel seal\n${head}\n${at}\n`);
    expect(verifySignature(null, bytes, publicKey, Buffer.from(signature, "base64"))).toBe(true);

    await download(world);
    await runHere(["purge", "--before", "2100-01-01", "--yes", "-d", world.archive], { env: world.env });
    const proven = await verify(world, "--seal", pub);
    expect([proven.code, proven.err]).toEqual([0, expect.stringContaining(`history contains ${head}`)]);

    forge(world);
    await download(world);
    const forged = await verify(world, "--seal", pub);
    expect([forged.code, forged.out]).toEqual([
      6,
      expect.stringContaining("does not contain the head that was sealed"),
    ]);
  });

  it("a seal that was edited, that another made, or that is not there proves nothing", async () => {
    await using world = await openTimWorld(2);
    const { key, pub } = keysIn(world.home);
    const other = keysIn(world.home, "other");
    await download(world, "--seal-key", key);
    expect((await verify(world, "--seal", other.pub)).code).toBe(6);
    const path = join(world.archive, ".callreel", "seals");
    const seal = readFileSync(path, "utf8");
    writeFileSync(path, seal.replace(/"at":"20/, '"at":"19'));
    expect((await verify(world, "--seal", pub)).out).toContain("signature");
    writeFileSync(path, `${seal}half a li`);
    expect((await verify(world, "--seal", pub)).out).toContain("line 2: it is not a seal");
    rmSync(path);
    expect((await verify(world, "--seal", pub)).code).toBe(6);
  });

  it("a key that is none is told before anything is fetched", async () => {
    await using world = await openTimWorld(2);
    const { pub } = keysIn(world.home);
    for (const file of [pub, world.csv, join(world.home, "missing")]) {
      expect((await download(world, "--seal-key", file)).code).toBe(2);
    }
    expect(world.tim.stats().requests.tim).toBe(0);
    await download(world);
    expect((await verify(world, "--seal", world.csv)).code).toBe(2);
  });
});

describe("--timestamp-url", () => {
  it("has the head stamped by an authority, as openssl confirms, and verify holds the archive against the stamp", async () => {
    await using world = await openTimWorld(3);
    await using authority = await openTimeStampAuthority(world.home);
    expect((await download(world, "--timestamp-url", authority.url)).code).toBe(0);
    const dotFolder = join(world.archive, ".callreel");
    const { stamp, head } = JSON.parse(readFileSync(join(dotFolder, "seals"), "utf8")) as Record<
      "stamp" | "head",
      string
    >;
    writeFileSync(join(world.home, "stamp.tsr"), Buffer.from(stamp, "base64"));
    const args = ["ts", "-verify", "-data", join(dotFolder, "head"), "-in", "stamp.tsr", "-CAfile", authority.rootFile];
    expect(execFileSync("openssl", args, { cwd: world.home, stdio: "pipe" }).toString()).toContain("OK");

    const proven = await verify(world, "--seal", authority.rootFile);
    expect([proven.code, proven.err]).toEqual([0, expect.stringContaining(`history contains ${head}`)]);
    const elsewhere = join(world.home, "elsewhere");
    mkdirSync(elsewhere);
    await using stranger = await openTimeStampAuthority(elsewhere);
    expect((await verify(world, "--seal", stranger.rootFile)).code).toBe(6);
    forge(world);
    await download(world);
    expect((await verify(world, "--seal", authority.rootFile)).code).toBe(6);
  });

  it.each([
    ["an error", { status: 503 }],
    ["a page", { body: Buffer.from("<html>Welcome</html>") }],
    ["nothing", { body: Buffer.alloc(0) }],
    ["another one's stamp", "old"],
  ])("an authority that answers with %s ends the run with 5, and the files are safe", async (_, answer) => {
    await using world = await openTimWorld(2);
    await using authority = await openTimeStampAuthority(world.home);
    if (answer === "old") {
      await download(world, "--timestamp-url", authority.url);
      authority.answer = { body: readFileSync(join(world.home, "reply.tsr")) };
    } else authority.answer = answer as { status?: number; body?: Uint8Array };
    const { code, out } = await download(world, "--timestamp-url", authority.url);
    expect([code, eventsOf(out).find(({ event }) => event === "notice")]).toEqual([
      5,
      expect.objectContaining({ message: expect.stringContaining("head could not be sealed") }),
    ]);
    expect(world.held().size).toBe(world.tim.recordings().length);
    authority.answer = undefined;
    expect((await download(world, "--timestamp-url", authority.url)).code).toBe(0);
    expect((await verify(world, "--seal", authority.rootFile)).code).toBe(0);
  });
});
