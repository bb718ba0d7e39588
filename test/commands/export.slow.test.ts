import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { nothing, run } from "../contracts/ledger.ts";
import { type KnownArchive, openKnownArchive } from "../helpers/known-archive.ts";
import { runHere } from "../helpers/run-here.ts";

let archive: KnownArchive;
beforeAll(async () => {
  archive = await openKnownArchive({
    "401": { start: "2026-03-02T09:00:00Z", direction: "inbound", extension: "101", name: "=HYPERLINK(1)" },
    "402": { start: "2026-04-09T09:00:00Z", direction: "outbound", extension: "102", name: "Jürgen; Müller" },
  });
});
afterAll(() => archive[Symbol.asyncDispose]());

function exported(...args: string[]) {
  return runHere(["export", "-d", archive.dest, ...args], { env: {}, cwd: archive.home });
}

function sumsHold(folder: string, list: string): boolean {
  return spawnSync("sha256sum", ["-c", "--strict", list], { cwd: join(archive.home, folder) }).status === 0;
}

test("a bag of ids has the lines that were asked for, and sums that other tools check", async () => {
  const { code } = await exported(
    "401",
    "--bagit",
    "bag",
    "--bag-info",
    "Contact-Name=Anna",
    "--bag-info",
    "External-Identifier=1:2",
  );
  expect(code).toBe(0);
  const info = readFileSync(join(archive.home, "bag/bag-info.txt"), "utf8");
  expect(info).toMatch(/^Contact-Name: Anna\nExternal-Identifier: 1:2\nBag-Software-Agent: callreel /);
  expect([sumsHold("bag", "manifest-sha256.txt"), sumsHold("bag", "tagmanifest-sha256.txt")]).toEqual([true, true]);
  expect(readdirSync(join(archive.home, "bag/data/ringcentral"))).toEqual(["401.wav"]);
});

test("a plain folder has an index that spreadsheets read as text, and sums", async () => {
  expect((await exported("--plain", "plain")).code).toBe(0);
  const index = readFileSync(join(archive.home, "plain/index.csv"), "utf8");
  expect(index.startsWith("\ufeffkey,source,id,")).toBe(true);
  expect(index.trim().split("\r\n")).toHaveLength(3);
  expect(index).toContain("'=HYPERLINK(1)");
  expect(index).toContain('"Jürgen; Müller"');
  expect(index).toMatch(/,ringcentral\/401\.wav,.*,[0-9a-f]{64},/);
  expect(sumsHold("plain", "SHA256SUMS")).toBe(true);
});

test("direction, extension and name choose", async () => {
  for (const [at, args] of [
    ["--direction", "inbound"],
    ["--extension", "101"],
    ["--text", "hyperlink"],
  ].entries()) {
    expect((await exported(...args, "--plain", `chosen-${at}`)).code).toBe(0);
    expect(readdirSync(join(archive.home, `chosen-${at}/ringcentral`))).toEqual(["401.wav"]);
  }
});

test("nothing selected, and what cannot be, leaves no folder and is no success", async () => {
  const before = readdirSync(archive.home);
  const none = await exported("--month", "2020-01", "--bagit", "deep/none");
  expect([none.code, none.err]).toEqual([3, expect.stringContaining("nothing in the archive matches")]);
  expect((await exported("401", "999", "--bagit", "none")).code).toBe(4);
  expect((await exported("--plain", "none", "--bagit", "none")).code).toBe(2);
  expect((await exported("--bagit", "none", "--bag-info", "Payload-Oxum=1.1")).code).toBe(2);
  expect((await exported("--plain", "none", "--bag-info", "Contact-Name=Anna")).code).toBe(2);
  expect((await exported("--plain", ".")).code).toBe(2);
  const inPlace = await exported("--plain", archive.fileOf("401").replace(archive.dest, "recordings"));
  expect(inPlace.code).toBe(2);
  const ofFile = await exported("--plain", "/etc/hostname");
  expect([ofFile.code, ofFile.err]).toEqual([2, expect.stringContaining("is not a folder")]);
  rmSync(archive.fileOf("402"));
  expect((await exported("--plain", "none")).code).toBe(6);
  expect(readdirSync(archive.home)).toEqual(before);
  expect(existsSync(join(archive.home, "none"))).toBe(false);
});

test("what a selection has and the archive does not hold is told: 3, unless it is proven to be unobtainable", async () => {
  await using partly = await openKnownArchive({ "401": { start: "2026-03-02T09:00:00Z" } });
  const fails = async (id: string, start: string, error: RecordingError) => {
    await using ledger = await partly.open();
    const ref = { key: `ringcentral/${id}`, source: "ringcentral" as const, id, locator: {}, call: { start } };
    await ledger.begin(run(`run-${id}`));
    await ledger.claim([ref]);
    await ledger.failed(ref, error);
    await ledger.finish(nothing, 3);
  };
  const take = (...args: string[]) => runHere(["export", "-d", partly.dest, ...args], { env: {}, cwd: partly.home });
  const witness = { by: "RingCentral (media.example)", explicit: true };
  await fails("402", "2026-03-03T09:00:00Z", new RecordingError("gone", "Gone.", { witness }));
  const proven = await take("--plain", "proven");
  expect([proven.code, proven.err]).toEqual([0, expect.stringContaining("1 recording left out: not held, and proven")]);
  await fails("403", "2026-04-03T09:00:00Z", new RecordingError("server-error", "Broken."));
  const lacking = await take("--plain", "lacking");
  expect([lacking.code, lacking.err]).toEqual([
    3,
    expect.stringContaining("1 recording left out: known, but not held"),
  ]);
  expect(readdirSync(join(partly.home, "lacking/ringcentral"))).toEqual(["401.wav"]);
  expect((await take("--month", "2026-03", "--bagit", "march")).code).toBe(0);
  expect((await take("401", "--plain", "one")).code).toBe(0);
});

test("purge and rebuild make nothing where no archive is", async () => {
  for (const args of [
    ["purge", "401", "--yes"],
    ["purge", "--by-retention"],
    ["verify", "--rebuild"],
  ]) {
    const { code, err } = await runHere([...args, "-d", "nowhere"], { env: {}, cwd: archive.home });
    expect([args, code, err]).toEqual([args, 2, expect.stringContaining("There is no archive at")]);
  }
  expect(existsSync(join(archive.home, "nowhere"))).toBe(false);
});
