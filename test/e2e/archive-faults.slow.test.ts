import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/sandbox/audio/seeded-random.ts";
import type { CallRow } from "../../src/sandbox/tim/calls.ts";
import { run, start, until } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { eventsOf, finishedIn, openTimWorld } from "./tim-world.ts";

describe("killed up to twelve times at random moments", () => {
  it("never has a wrong file at a final path, and is complete and verified at the end", async () => {
    await using world = await openTimWorld(80, { echo: { bytesPerSecond: 20_000 } }, { seconds: [1, 4] });
    const { tim, env, csv, archive } = world;
    const random = seededRandom("kills");
    mkdirSync(archive);
    const all = tim.recordings().length;
    let cut = 0;
    // As long as enough is missing that none of them can be through before it is killed.
    for (let round = 0; round < 12 && all - world.held().size >= 24; round += 1) {
      tim.clearStats();
      const running = start(["download", "--rows", csv, "-d", archive], { env });
      const wanted = 1 + Math.floor(random() * 8);
      await until(() => tim.stats().requests.echo >= wanted, `${wanted} requests`);
      await pause(random() * 800);
      running.child.kill("SIGKILL");
      if ((await running.finished).signal === "SIGKILL") cut += 1;
      world.held();
    }
    expect(cut).toBeGreaterThan(0);
    tim.settings.echo.bytesPerSecond = 0;
    expect((await runHere(["download", "--rows", csv, "-d", archive], { env })).code).toBe(0);
    expect(world.held().size).toBe(all);
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
  });
});

describe("a disk that fills", () => {
  // Only root may mount a file system of its own.
  it.skipIf(process.getuid?.() !== 0)(
    "ends the run with 13 and loses nothing: with room, the next completes",
    async () => {
      await using world = await openTimWorld(40);
      const { tim, env, csv, archive } = world;
      mkdirSync(archive);
      expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", archive]).status).toBe(0);
      try {
        const filler = join(archive, ".filler");
        writeFileSync(filler, Buffer.alloc(18 * 1024 * 1024));
        const full = await run(["download", "--rows", csv, "-d", archive, "--json"], { env });
        expect([full.code, full.err]).toEqual([13, expect.anything()]);
        expect(eventsOf(full.out).at(-1)).toMatchObject({
          event: "run-finished",
          exitCode: 13,
          stoppedBy: { code: "disk-full" },
        });
        rmSync(filler);
        const held = world.held().size;
        expect(held).toBeLessThan(tim.recordings().length);
        expect(eventsOf(full.out).filter(({ event }) => event === "recording-done").length).toBeLessThanOrEqual(held);
        expect((await runHere(["download", "--rows", csv, "-d", archive], { env })).code).toBe(0);
        expect(world.held().size).toBe(tim.recordings().length);
        expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
      } finally {
        spawnSync("umount", ["-l", archive]);
      }
    },
  );
});

describe("hostile rows", () => {
  it("end in files inside the archive, no two alike on any system", async () => {
    const ids = [
      ...["../../../escaped", "..\\..\\escaped", "CON", "con", "nul.wav", "COM1", "A", "a", "é", "e\u0301"],
      ...[
        "\u202egnp.exe",
        "x\u200by",
        "xy",
        "a\u0000b",
        "ab",
        "a\nb",
        "-rf",
        ".hidden",
        "dots...",
        "dots.",
        "~",
        "%2e%2e",
      ],
      ...["$(touch escaped)", "`id`", "a|b", "a?b", "a*b", "C:x", "{id}", "{ext}", " ", ".", ".."],
      ...["n".repeat(300), `${"n".repeat(300)}x`, "ü".repeat(200)],
    ];
    const calls = ids.map((voicefilename, at): CallRow => ({ ...plainCall, voicefilename, ...hostileFields(at) }));
    await using world = await openTimWorld(0, {}, { calls });
    const { env, archive, home } = world;
    const rows = join(home, "rows.json");
    writeFileSync(rows, JSON.stringify(calls));
    const before = readdirSync(home).sort();
    const fetched = await runHere(["download", "-s", "tim", "--rows", rows, "-d", archive, "--json", "-R", "0"], {
      env,
      cwd: home,
    });
    expect([0, 2, 3]).toContain(fetched.code);
    const done = eventsOf(fetched.out).filter(({ event }) => event === "recording-done");
    expect(done.length).toBeGreaterThan(ids.length / 2);
    expect(readdirSync(home).sort()).toEqual([...before, "recordings", "state"].sort());
    for (const { path } of done) expect(resolve(archive, String(path)).startsWith(`${archive}/tim/`)).toBe(true);
    const paths = done.map(({ path }) => String(path).normalize("NFC").toLowerCase());
    expect(new Set(paths).size).toBe(done.length);
    expect(finishedIn(archive).length).toBe(done.length);
    for (const path of paths) {
      expect(path).toMatch(/^[^\p{Cc}\p{Cf}\\:*?"<>|]+$/u);
      for (const name of path.split("/")) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
    }
    const rejected = eventsOf(fetched.out).filter(
      ({ event }) => event === "row-rejected" || event === "recording-failed",
    );
    expect(done.length + rejected.length + countSkipped(fetched.out)).toBe(ids.length);
    expect((await runHere(["verify", "-d", archive, "--write-sums"], { env })).code).toBe(0);
    expect(spawnSync("sha256sum", ["-c", "--strict", "--quiet", "SHA256SUMS"], { cwd: archive }).status).toBe(0);
    const table = await runHere(["list", "--archive", "-d", archive], { env });
    expect(table.out).not.toMatch(/[\u202e\u0000\u001b]/);
    expect(readFileSync(join(archive, "SHA256SUMS"), "utf8").trim().split("\n").length).toBe(done.length);
  });
});

const plainCall = {
  datasource: "3",
  voicelocation: "4",
  start: "2026-05-01 09:03:07.123",
  duration: "3",
  extension: "201",
  number: "02079460000",
  name: "Reception",
  direction: "in",
};

function hostileFields(at: number): Partial<CallRow> {
  const texts = ["../../..", "\u202eevil", "x".repeat(300), "\u001b[31mred", "NUL", "/etc/passwd", "{id}", ""];
  const field = (["name", "number", "extension", "start"] as const)[at % 4] ?? "name";
  return { [field]: texts[at % texts.length] };
}

function countSkipped(out: string): number {
  return eventsOf(out).filter(({ event }) => event === "recording-skipped").length;
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
