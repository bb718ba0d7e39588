import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { start, until } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { openTimWorld, type TimWorld } from "./tim-world.ts";

it.each(["deleted", "moved aside"])(
  "a ledger that is %s while a run works ends it with 13, never with done",
  async (how) => {
    await using world = await openTimWorld(8, { echo: { bytesPerSecond: 1_000 } }, { seconds: [4, 4] });
    const { archive, env, csv, tim } = world;
    const running = start(["download", "--rows", csv, "-d", archive], { env });
    const partial = join(archive, ".callreel", "partial");
    await until(() => existsSync(partial) && readdirSync(partial).some((name) => name.endsWith(".part")), "a part");
    const ledger = join(archive, ".callreel", "ledger.db");
    if (how === "deleted") for (const suffix of ["", "-wal", "-shm"]) rmSync(ledger + suffix, { force: true });
    else renameSync(ledger, join(world.home, "ledger.db"));
    tim.settings.echo.bytesPerSecond = 40_000;
    const { code, err } = await running.finished;
    expect([code, err]).toEqual([13, expect.stringContaining("was deleted, emptied or replaced while in use")]);
    expect(err).not.toMatch(/\n\s+at /);
  },
);

it.each([true, false])(
  "an empty ledger beside a full archive is refused with 13 until it is made anew, its log there: %s",
  async (withLog) => {
    await using world = await openTimWorld(6);
    const { archive, env, csv } = world;
    const fetch = ["download", "--rows", csv, "-d", archive, "--write-info-json"];
    expect([0, 2]).toContain((await runHere(fetch, { env })).code);
    const ledger = join(archive, ".callreel", "ledger.db");
    if (withLog) writeFileSync(`${ledger}-wal`, Buffer.alloc(40_000, 7));
    else for (const suffix of ["-wal", "-shm"]) rmSync(ledger + suffix, { force: true });
    truncateSync(ledger);
    for (const args of [fetch, ["verify", "-d", archive], ["purge", "x", "-d", archive]]) {
      const refused = await runHere(args, { env });
      expect([refused.code, refused.err]).toEqual([13, expect.stringContaining("verify --rebuild")]);
    }
    expect((await runHere(["verify", "-d", archive, "--rebuild"], { env })).code).toBe(0);
    expect([0, 2]).toContain((await runHere(fetch, { env })).code);
  },
);

it("a ledger whose last page is cut off is refused with 13 by every command", async () => {
  await using world = await openTimWorld(6);
  const { archive, env, csv } = world;
  const fetch = ["download", "--rows", csv, "-d", archive];
  expect([0, 2]).toContain((await start(fetch, { env }).finished).code);
  const ledger = join(archive, ".callreel", "ledger.db");
  truncateSync(ledger, statSync(ledger).size - 4096);
  for (const args of [fetch, ["status", "-d", archive], ["verify", "-d", archive]]) {
    const refused = await start(args, { env }).finished;
    expect([refused.code, refused.err]).toEqual([13, expect.stringContaining("verify --rebuild")]);
  }
});

describe("a ledger that is wholly missing", () => {
  const lose = ({ archive }: TimWorld, ...kept: string[]) => {
    const home = join(archive, ".callreel");
    for (const name of readdirSync(home).filter((each) => !kept.includes(each))) {
      rmSync(join(home, name), { recursive: true });
    }
  };

  async function openBuried() {
    const world = await openTimWorld(6);
    const { archive, env, csv, tim } = world;
    const fetch = ["download", "--rows", csv, "-d", archive, "--write-info-json"];
    expect([0, 2]).toContain((await runHere(fetch, { env })).code);
    const [first = "", second = ""] = tim.recordings().map(({ voicefilename }) => voicefilename);
    expect((await runHere(["purge", first, "--yes", "-d", archive], { env })).code).toBe(0);
    expect((await runHere(["verify", "--write-sums", "-d", archive], { env })).code).toBe(0);
    return { world, archive, env, csv, fetch, first, second, tim };
  }

  it.each([
    ["its head", ["head"]],
    ["its runs", ["ledger.db-runs"]],
    ["its list of hashes", []],
  ])("is refused by every command with 13, by %s, makes nothing anew, and comes back by a rebuild", async (_, kept) => {
    const { world, archive, env, csv, fetch, second, tim } = await openBuried();
    await using _world = world;
    lose(world, ...kept);
    const commands = [
      fetch,
      [...fetch, "--dry-run"],
      ["serve", "-d", archive, "--port", "0"],
      ["list", "--archive", "-d", archive],
      ["status", "-d", archive],
      ["reconcile", "--rows", csv, "-d", archive],
      ["verify", "-d", archive],
      ["purge", second, "--yes", "-d", archive],
      ["purge", "-d", archive],
      ["export", "--bagit", join(world.home, "bag"), "-d", archive],
    ];
    for (const args of commands) {
      const refused = await runHere(args, { env });
      expect([args[0], refused.code, refused.err]).toEqual([args[0], 13, expect.stringContaining("verify --rebuild")]);
    }
    expect(existsSync(join(archive, ".callreel", "ledger.db"))).toBe(false);
    expect(readdirSync(world.home)).not.toContain("bag");
    expect((await runHere(["verify", "--rebuild", "-d", archive], { env })).code).toBe(0);
    tim.clearStats();
    expect([0, 2]).toContain((await runHere(["status", "-d", archive], { env })).code);
    expect(world.held().size).toBe(tim.recordings().length - 1);
  });

  it("is no loss where there never was one: an empty folder, and files from elsewhere that are adopted", async () => {
    await using world = await openTimWorld(4);
    const { archive, env, csv } = world;
    mkdirSync(archive);
    expect((await runHere(["status", "-d", archive], { env })).code).toBe(2);
    const fetch = ["download", "--rows", csv, "-d", archive, "-o", "{date}/{id}.{ext}"];
    expect((await runHere(fetch, { env })).code).toBe(0);
    const foreign = join(world.home, "foreign");
    cpSync(archive, foreign, { recursive: true, filter: (path) => !path.includes(".callreel") });
    writeFileSync(join(foreign, "SHA256SUMS"), "");
    const adopted = await runHere(["adopt", foreign, "-d", foreign, "--rows", csv], { env });
    expect([adopted.code, (await runHere(["verify", "-d", foreign], { env })).code]).toEqual([0, 0]);
  });
});

it.each(["status", "verify", "hold list", "audit", "list --archive"])(
  "a file in the archive's place is told to %s as wrong usage",
  async (command) => {
    const file = join(mkdtempSync(join(tmpdir(), "callreel-file-")), "calls");
    writeFileSync(file, "");
    for (const dest of [file, join(file, "deeper")]) {
      const { code, err } = await runHere([...command.split(" "), "-d", dest], { env: {} });
      expect([code, err]).toEqual([2, expect.stringContaining(`${dest} is not a folder`)]);
    }
    rmSync(dirname(file), { recursive: true });
  },
);
