import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Archive } from "../../src/core/model/ledger.ts";
import { openArchive } from "../../src/ledgers/index.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { start, until } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { eventsOf, finishedIn, openTimWorld, type TimWorld } from "./tim-world.ts";

const everything = ["purge", "--before", "9999-01-01", "--yes"];

/** Everything on this archive's disk, as text: names and contents. */
function textOf(archive: string): string {
  const names = readdirSync(archive, { recursive: true, encoding: "utf8", withFileTypes: true });
  const contents = names
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
  return [...names.map(({ name }) => name), ...contents].join("\n");
}

async function openFilledWorld(rows: number, args: readonly string[] = []): Promise<TimWorld> {
  const world = await openTimWorld(rows);
  const fetched = await runHere(["download", "--rows", world.csv, "-d", world.archive, ...args], { env: world.env });
  // Two calls under one recording's id are told as unreadable rows.
  expect([0, 2]).toContain(fetched.code);
  return world;
}

interface Held {
  readonly key: string;
  readonly path: string;
}

function openLedger(archive: string): Promise<Archive> {
  return openArchive(join(archive, ".callreel", "ledger.db"), { clock: systemClock, pid: process.pid });
}

async function pathsByKey({ archive }: TimWorld): Promise<[Held, Held, ...Held[]]> {
  await using ledger = await openLedger(archive);
  const held: Held[] = [];
  for await (const page of ledger.entries({ states: ["done"] }))
    held.push(...page.map(({ ref, stored }) => ({ key: ref.key, path: stored?.path ?? "" })));
  return held as [Held, Held, ...Held[]];
}

function setPath(archive: string, key: string, path: string): void {
  const sqlite = openSqlite(join(archive, ".callreel", "ledger.db"));
  sqlite.prepare("UPDATE recordings SET path = ? WHERE key = ?").run(path, key);
  sqlite.close();
}

describe("a purge while the recordings are on their way", () => {
  it("is final: the files of the fetches that end after it do not stay", async () => {
    await using world = await openTimWorld(6, { echo: { bytesPerSecond: 1_000 } }, { seconds: [4, 4] });
    const { archive, env, csv, tim } = world;
    const running = start(["download", "--rows", csv, "-d", archive, "--json", "--write-info-json"], { env });
    const partial = join(archive, ".callreel", "partial");
    await until(() => existsSync(partial) && readdirSync(partial).some((name) => name.endsWith(".part")), "a part");
    const context = { clock: systemClock, pid: process.pid };
    await using ledger = await openArchive(join(archive, ".callreel", "ledger.db"), context);
    const keys: string[] = [];
    for await (const page of ledger.entries({})) keys.push(...page.map(({ ref }) => ref.key));
    expect(await ledger.purge(keys, "asked")).toBe(keys.length);
    await ledger.purgeEnded(keys);
    tim.settings.echo.bytesPerSecond = 0;
    const { out } = await running.finished;
    const skipped = eventsOf(out).filter(({ reason }) => reason === "purged");
    expect(skipped.length).toBe(keys.length);
    expect(
      readdirSync(archive, { recursive: true, encoding: "utf8" }).filter((name) => /\.(wav|mp3|json)$/.test(name)),
    ).toEqual([]);
    expect(readdirSync(partial)).toEqual([]);
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
  });
});

describe("a purge that broke off", () => {
  it("is finished by the next one, whatever that is asked for", async () => {
    await using world = await openFilledWorld(10, ["--write-info-json"]);
    const { archive, env } = world;
    const context = { clock: systemClock, pid: process.pid };
    {
      await using ledger = await openArchive(join(archive, ".callreel", "ledger.db"), context);
      const keys: string[] = [];
      for await (const page of ledger.entries({})) keys.push(...page.map(({ ref }) => ref.key));
      await ledger.purge(keys, "asked");
    }
    const shown = await runHere(["purge", "-d", archive], { env });
    expect([shown.code, shown.err]).toEqual([0, expect.stringContaining("earlier purge that was interrupted")]);
    const files = finishedIn(archive);
    const done = await runHere(["purge", "-d", archive, "--yes"], { env });
    expect([done.code, done.err]).toEqual([0, expect.stringContaining("earlier purge")]);
    expect(done.out.trim().split("\n").length).toBe(files.length * 2);
    expect(readdirSync(archive)).toEqual([".callreel"]);
    expect((await runHere(["purge", "-d", archive, "--yes"], { env })).code).toBe(2);
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
  });

  it("is finished by the next one, whichever deletion it was killed at", async () => {
    await using world = await openFilledWorld(44, ["--write-info-json"]);
    const { archive, env } = world;
    expect((await runHere(["verify", "-d", archive, "--write-sums"], { env })).code).toBe(0);
    const bin = join(import.meta.dirname, "../../bin/callreel.js");
    const entries: Held[] = await pathsByKey(world);
    const purged: Held[] = [];
    const purgeKilledAt = (unlink: number): boolean => {
      const next = entries.splice(0, 2);
      expect(next.length).toBe(2);
      purged.push(...next);
      const kill = ["-f", "-qq", "-o", "/dev/null", "-e", `inject=unlink:signal=KILL:when=${unlink}`];
      const call = [process.execPath, bin, "purge", ...next.map(({ key }) => key), "-d", archive, "--yes"];
      return spawnSync("strace", [...kill, ...call], { env: { PATH: process.env.PATH, ...env } }).signal === "SIGKILL";
    };
    let killed = 0;
    while (purgeKilledAt(killed + 1)) killed += 1;
    expect(killed).toBeGreaterThanOrEqual(4);
    for (const { path } of purged) expect(existsSync(join(archive, path))).toBe(false);
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
    const sums = spawnSync("sha256sum", ["-c", "--strict", "--quiet", "SHA256SUMS"], {
      cwd: archive,
      encoding: "utf8",
    });
    expect([sums.status, sums.stdout + sums.stderr]).toEqual([0, ""]);
  });
});

describe("a purge of a recording whose file a killed run could not record", () => {
  it.each([
    ["by its name", []],
    ["by the id in a name of another form", ["-o", "{name} {id}.{ext}"]],
    ["by its sidecar", ["--write-info-json"]],
  ])("finds and deletes it %s, and no other file", async (_, args) => {
    await using world = await openTimWorld(2, { echo: { bytesPerSecond: 1_000 } }, { seconds: [3, 3] });
    const { archive, env, csv, tim } = world;
    const running = start(["download", "--rows", csv, "-d", archive, ...args], { env });
    const partial = join(archive, ".callreel", "partial");
    await until(() => existsSync(partial) && readdirSync(partial).some((name) => name.endsWith(".part")), "a part");
    // Whoever holds this lets nobody else commit.
    const held = openSqlite(join(archive, ".callreel", "ledger.db"));
    held.exec("BEGIN IMMEDIATE");
    tim.settings.echo.bytesPerSecond = 40_000;
    const finished = () => readdirSync(archive, { recursive: true, encoding: "utf8" }).filter(isFinished).length;
    const each = args[0] === "--write-info-json" ? 2 : 1;
    await until(() => finished() === each, "a whole file");
    running.child.kill("SIGKILL");
    await running.finished;
    held.close();
    const [id = ""] = world.held().keys();
    const stray = join(archive, `${id}9.wav`);
    writeFileSync(stray, "somebody's");
    const purged = await runHere(["purge", id, "--yes", "-d", archive], { env });
    expect([purged.code, purged.out.trim().split("\n").length]).toEqual([0, each]);
    expect([finished(), existsSync(stray)]).toEqual([1, true]);
    rmSync(stray);
    expect((await runHere(["download", "--rows", csv, "-d", archive, ...args], { env })).code).toBe(0);
    expect([...world.held().keys()]).toEqual([expect.not.stringContaining(id)]);
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
  });

  const isFinished = (name: string) => !name.startsWith(".callreel") && /\.(wav|mp3|json)$/.test(name);
});

describe("what a purge leaves", () => {
  it("is a recording that took the name since an earlier purge broke off", async () => {
    await using world = await openFilledWorld(10);
    const { archive, env } = world;
    const [first, second] = await pathsByKey(world);
    await using ledger = await openLedger(archive);
    await ledger.purge([first.key], "asked");
    renameSync(join(archive, second.path), join(archive, first.path));
    await ledger[Symbol.asyncDispose]();
    setPath(archive, second.key, first.path);
    expect((await runHere(["purge", "-d", archive, "--yes"], { env })).code).toBe(0);
    expect(existsSync(join(archive, first.path))).toBe(true);
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
  });

  it("is the sidecar of another recording whose file differs in its extension alone", async () => {
    await using world = await openFilledWorld(10, ["--write-info-json"]);
    const { archive, env } = world;
    const [first, second] = await pathsByKey(world);
    const [from, to] = [second.path, first.path].map((path) => path.replace(/\.[^.]+$/, ".info.json")) as [
      string,
      string,
    ];
    const taken = first.path.replace(/\.[^.]+$/, ".mp3");
    renameSync(join(archive, second.path), join(archive, taken));
    renameSync(join(archive, from), join(archive, to));
    setPath(archive, second.key, taken);
    expect((await runHere(["purge", first.key, "-d", archive, "--yes"], { env })).code).toBe(0);
    expect([first.path, taken, to].map((path) => existsSync(join(archive, path)))).toEqual([false, true, true]);
  });
});

describe("what a purge deletes", () => {
  it("are all files of the recording, its lines in SHA256SUMS, and what ledgers moved aside say of it", async () => {
    await using world = await openFilledWorld(12, ["--write-info-json"]);
    const { archive, env, tim } = world;
    const number = String(tim.recordings().find((call) => call.number)?.number);
    expect((await runHere(["verify", "-d", archive, "--write-sums"], { env })).code).toBe(0);
    expect((await runHere(["verify", "-d", archive, "--rebuild"], { env })).code).toBe(0);
    const path = String(finishedIn(archive).find((name) => name.includes(number)));
    writeFileSync(path.replace(/\.\w+$/, ".ogg"), "left of another format");
    expect(textOf(archive)).toContain(number);
    const done = await runHere(["purge", "--number", number, "-d", archive, "--yes"], { env });
    expect([done.code, done.err]).toEqual([0, expect.stringContaining("deleted")]);
    expect(done.out).toContain(".ogg\n");
    expect(textOf(archive)).not.toContain(number);
    expect(readFileSync(join(archive, "SHA256SUMS"), "utf8").trim().split("\n").length).toBe(
      finishedIn(archive).length,
    );
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
    expect(readdirSync(join(archive, ".callreel")).some((name) => name.includes(".aside-"))).toBe(true);
  });

  it("is a ledger moved aside as a whole where it is too damaged to be cleaned", async () => {
    await using world = await openFilledWorld(8);
    const { archive, env } = world;
    const aside = join(archive, ".callreel", "ledger.db.aside-20260101T000000Z");
    writeFileSync(aside, Buffer.alloc(9000, "+4930123456"));
    const done = await runHere([...everything, "-d", archive], { env });
    expect([done.code, done.out]).toEqual([0, expect.stringContaining(aside)]);
    expect(existsSync(aside)).toBe(false);
  });

  it("is nothing outside: links and paths that lead out are told and left for the next purge", async () => {
    await using world = await openFilledWorld(10);
    const { archive, env, home } = world;
    const [first = "", second = "", third = ""] = finishedIn(archive);
    const outside = join(home, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "precious.wav"), "precious");
    rmSync(first);
    symlinkSync(join(outside, "precious.wav"), first);
    using ledger = { file: openSqlite(join(archive, ".callreel", "ledger.db")), [Symbol.dispose]: () => {} };
    const name = second.slice(archive.length + 1);
    ledger.file.prepare("UPDATE recordings SET path = '../outside/precious.wav' WHERE path = ?").run(name);
    ledger.file.close();
    const refused = await runHere([...everything, "-d", archive], { env });
    expect([refused.code, refused.err]).toEqual([13, expect.stringContaining("a link, a folder")]);
    expect(readFileSync(join(outside, "precious.wav"), "utf8")).toBe("precious");
    expect(existsSync(third)).toBe(false);
    rmSync(first);
    const left = await runHere(["purge", "-d", archive, "--yes"], { env });
    expect([left.code, left.err]).toEqual([13, expect.stringContaining("out of the archive")]);
  });

  it("is nothing behind a folder that was replaced by a link", async () => {
    await using world = await openFilledWorld(6);
    const { archive, env, home } = world;
    const held = finishedIn(archive).length;
    const moved = join(home, "moved");
    renameSync(join(archive, "tim"), moved);
    symlinkSync(moved, join(archive, "tim"));
    const refused = await runHere([...everything, "-d", archive], { env });
    expect(refused.code).toBe(13);
    expect(finishedIn(moved).length).toBe(held);
    rmSync(join(archive, "tim"));
    mkdirSync(dirname(join(archive, "tim")), { recursive: true });
    renameSync(moved, join(archive, "tim"));
    expect((await runHere(["purge", "-d", archive, "--yes"], { env })).code).toBe(0);
    expect(finishedIn(archive)).toEqual([]);
  });
});

it("says of what was exported before that a purge does not reach it, and names the last of it", async () => {
  await using world = await openFilledWorld(3);
  const { archive, home, env } = world;
  const callreel = (...args: string[]) => runHere([...args, "-d", archive], { env });
  const [one, other] = await pathsByKey(world);
  const first = await callreel("purge", one.key, "--yes");
  expect([first.code, first.err]).toEqual([0, expect.not.stringContaining("export")]);
  expect((await callreel("export", other.key, "--bagit", join(home, "bag"))).code).toBe(0);
  const shown = await callreel("purge", other.key);
  const warning = `callreel: warning: copies may be left in exports, which a purge does not reach; the last one, `;
  expect(shown.err).toContain(warning);
  const done = await callreel("purge", other.key, "--yes", "--json");
  expect([done.code, done.err]).toEqual([0, expect.stringMatching(/last one, .*: 1 recording, .* as a bag at .*bag/)]);
  const { exported } = eventsOf(done.out).at(-1) as { exported?: string };
  expect(exported).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});
