import { spawn, spawnSync } from "node:child_process";
import { closeSync, cpSync, mkdirSync, openSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { start, until } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";
import { finishedIn, openTimWorld, type TimWorld } from "./tim-world.ts";

// Codes 0, 2, 3, 5, 7, 8, 11, 130, 141 and 143 of a download are proved in tim.test.ts, 4 in ringcentral.test.ts, 6 in archive.test.ts.

describe("1", () => {
  it("is the code of a defect, here an installation with a file missing: stack shown, a report asked for", async () => {
    using folder = openTempFolder();
    const root = fileURLToPath(new URL("../../", import.meta.url));
    for (const part of ["bin", "dist", "package.json"])
      cpSync(join(root, part), join(folder.path, part), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(folder.path, "node_modules"));
    rmSync(join(folder.path, "dist/bundle/status.js"));
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder.path, "bin/callreel.js"), "status"], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: folder.path },
    });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/bug in callreel[\s\S]*status\.js/);
  });
});

describe("13", () => {
  it("ends a run on a full disk; with room, the next one completes", async ({ skip }) => {
    await using world = await openTimWorld(60);
    const { archive, csv, env, tim } = world;
    mkdirSync(archive);
    using disk = mount(archive, "size=900k", skip);
    const full = await runHere(["download", "--rows", csv, "-d", archive, "-j", "2"], { env });
    expect([full.code, full.err]).toEqual([13, expect.stringMatching(/full|no space/i)]);
    expect(world.held().size).toBeLessThan(tim.recordings().length);
    disk.remount("size=200m");
    expect((await runHere(["download", "--rows", csv, "-d", archive], { env })).code).toBe(0);
    expect(world.held().size).toBe(tim.recordings().length);
  });

  it("is told of a read-only archive before anything is asked of the source", async ({ skip }) => {
    await using world = await openTimWorld(5);
    const { archive, csv, env, tim } = world;
    mkdirSync(archive);
    using _disk = mount(archive, "ro", skip);
    const { code, err } = await runHere(["download", "--rows", csv, "-d", archive], { env });
    expect([code, err]).toEqual([13, expect.stringMatching(/read-only/i)]);
    expect(tim.stats().requests).toEqual({ tim: 0, echo: 0 });
  });

  it("comes before 3 when a recording failed as well", async ({ skip }) => {
    await using world = await openTimWorld(60);
    const { archive, csv, env } = world;
    spoilFirst(world);
    mkdirSync(archive);
    using _disk = mount(archive, "size=900k", skip);
    expect((await runHere(["download", "--rows", csv, "-d", archive, "-j", "1", "-R", "0"], { env })).code).toBe(13);
  });
});

describe("13 of standard output", () => {
  it.each([["list", "--csv"], ["download", "--json"], ["--help"]])(
    "ends %s when the disk behind it is full",
    async (...args) => {
      await using world = await openTimWorld(5);
      const rows = args[0] === "--help" ? [] : ["--rows", world.csv, "-d", world.archive];
      const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));
      const full = openSync("/dev/full", "w");
      const child = spawn(process.execPath, [bin, ...args, ...rows], {
        env: { PATH: process.env.PATH, ...world.env },
        stdio: ["ignore", full, "pipe"],
      });
      closeSync(full);
      const err = text(child.stderr!);
      const code = await new Promise((resolve) => child.on("close", resolve));
      expect([code, await err]).toEqual([
        13,
        expect.stringMatching(/^callreel: [^\n]*standard output[^\n]*ENOSPC[^\n]*\n$/),
      ]);
    },
  );
});

describe("where several apply", () => {
  it("a signal comes before a failed recording", async () => {
    await using world = await openTimWorld(30, { echo: { bytesPerSecond: 1_000 } });
    const { archive, csv, env } = world;
    spoilFirst(world);
    const running = start(["download", "--rows", csv, "-d", archive, "-j", "2", "-R", "0", "--json"], { env });
    await until(() => running.out().includes("recording-failed"), "the failure");
    running.child.kill("SIGINT");
    // The second one saves the test the five seconds that running transfers are given.
    setTimeout(() => running.child.kill("SIGINT"), 100);
    expect((await running.finished).code).toBe(130);
  });

  it("a row that cannot be read comes before a failed recording, and the rest is fetched", async () => {
    await using world = await openTimWorld(10);
    spoilFirst(world);
    const rows = world.tim.recordings().map((call) => `${call.datasource},${call.voicelocation},${call.voicefilename}`);
    const input = ["datasource,voicelocation,voicefilename", ...rows, "3,4,5,6,7,8", ""].join("\n");
    const args = ["-s", "tim", "--rows", "-", "-d", world.archive, "-R", "0"];
    const { code, err } = await runHere(["download", ...args], { env: world.env, input });
    expect([code, err]).toEqual([2, expect.stringContaining(`${rows.length + 2}`)]);
    expect(finishedIn(world.archive).length).toBe(world.tim.recordings().length - 1);
  });
});

/** A Node whose timers of five seconds, the grace of running transfers, never go off: only a second signal ends it. */
const withoutGrace = `--import=data:text/javascript,${encodeURIComponent(`const real = globalThis.setTimeout;
globalThis.setTimeout = (work, ms, ...given) => real(work, ms === 5000 ? 2 ** 31 - 1 : ms, ...given);`)}`;

describe("a second Ctrl-C", () => {
  it("ends the run at once, and what was under way is fetched by the next one", async () => {
    await using world = await openTimWorld(10, { echo: { bytesPerSecond: 200 } });
    const { archive, csv, env, tim } = world;
    const endless = { ...env, NODE_OPTIONS: withoutGrace };
    const running = start(["download", "--rows", csv, "-d", archive, "--json"], { env: endless });
    await until(() => running.out().includes("recording-started"), "the first recording");
    running.child.kill("SIGINT");
    await until(() => running.out().includes("Ctrl-C again"), "the word of the first signal");
    running.child.kill("SIGINT");
    expect((await running.finished).code).toBe(130);
    tim.settings.echo.bytesPerSecond = 0;
    expect((await runHere(["download", "--rows", csv, "-d", archive], { env })).code).toBe(0);
    expect(world.held().size).toBe(tim.recordings().length);
  });
});

describe("141", () => {
  it.each([
    ["list", "--json"],
    ["download", "--json"],
    ["help", "download"],
  ])("ends %s quietly when its reader goes away", async (...args) => {
    await using world = await openTimWorld(3000, { echo: { delayMs: 5 } });
    const rows = args[0] === "help" ? [] : ["--rows", world.csv, "-d", world.archive];
    expect(await headless(world, [...args, ...rows])).toEqual([141, ""]);
  });
});

/** Makes the first recording one that never succeeds. */
function spoilFirst({ tim }: TimWorld): void {
  const recording = tim.recordings()[0]?.voicefilename as string;
  tim.settings.faults = [{ on: "echo", do: "html", recording, times: 0 }];
}

/** Runs a command whose reader closes the pipe before the first byte. */
async function headless({ env }: TimWorld, args: readonly string[]): Promise<[number | null, string]> {
  const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));
  const line = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(" ");
  const child = spawn("bash", ["-c", `${line} | exec 0<&-; exit "\${PIPESTATUS[0]}"`], {
    env: { PATH: process.env.PATH, ...env },
  });
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  return new Promise((resolve) => child.on("close", (code) => resolve([code, err])));
}

interface Mounted extends Disposable {
  remount(options: string): void;
}

/** A small disk of its own over a folder; needs root. */
function mount(folder: string, options: string, skip: (note: string) => void): Mounted {
  const made = spawnSync("mount", ["-t", "tmpfs", "-o", options, "callreel-test", folder]);
  if (made.status !== 0) skip("mounting a tmpfs needs root");
  return {
    remount: (changed) => void spawnSync("mount", ["-o", `remount,${changed}`, folder]),
    [Symbol.dispose]: () => void spawnSync("umount", ["-l", folder]),
  };
}
