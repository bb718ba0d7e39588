import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { lockArchive } from "../../src/ledgers/index.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { startModule } from "../helpers/module-child.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "callreel-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;
const atOnce = () => ({ waitMs: 0, clock: heldClock(), signal, pid: 4711, timezone: "UTC" });
const locked = (words: RegExp) => expect.objectContaining({ code: "locked", message: expect.stringMatching(words) });

const holder = `
  const { lockArchive } = await built("ledgers/index.js");
  await lockArchive(process.argv[1], { waitMs: 0, clock: { now: Date.now, monotonic: Date.now }, signal: new AbortController().signal });
  console.log("held");
  process.stdin.resume();`;

test("an archive is locked for one run, which the next one is told of", async () => {
  const lock = await lockArchive(folder, atOnce());
  await expect(lockArchive(folder, atOnce())).rejects.toThrow(
    locked(/PID 4711, started 2026-11-21 00:00:00 \+00:00.*--lock-wait/),
  );
  lock.release();
  (await lockArchive(folder, atOnce())).release();
});

test("a lock is there for its owner alone, and leaves no note behind", async () => {
  const lock = await lockArchive(folder, atOnce());
  const modes = [".callreel", ".callreel/lock", ".callreel/lock.json"].map(
    (name) => statSync(join(folder, name)).mode & 0o777,
  );
  expect(modes).toEqual([0o700, 0o600, 0o600]);
  lock.release();
  expect(existsSync(join(folder, ".callreel/lock.json"))).toBe(false);
});

test("the lock of a killed process is free at once", async () => {
  const other = startModule(holder, [folder]);
  expect(await other.line()).toBe("held");
  await expect(lockArchive(folder, atOnce())).rejects.toThrow(locked(new RegExp(`PID ${other.process.pid}, started`)));
  await other.kill();
  (await lockArchive(folder, atOnce())).release();
});

test("waiting ends as soon as the lock is free", async () => {
  const clock = heldClock();
  const first = await lockArchive(folder, { ...atOnce(), clock });
  const second = lockArchive(folder, { ...atOnce(), clock, waitMs: 60_000 });
  await clock.advance(30_000);
  first.release();
  await clock.advance(1_000);
  (await second).release();
  expect(clock.monotonic()).toBe(31_000);
});

test("waiting ends with a refusal when the time is over", async () => {
  const clock = heldClock();
  const first = await lockArchive(folder, { ...atOnce(), clock });
  const second = lockArchive(folder, { ...atOnce(), clock, waitMs: 2_100 });
  const refusal = expect(second).rejects.toThrow(locked(/Another run/));
  await clock.advance(2_100);
  await refusal;
  first.release();
});

test("waiting ends when the run is interrupted", async () => {
  const first = await lockArchive(folder, atOnce());
  const stop = new AbortController();
  const second = lockArchive(folder, { ...atOnce(), waitMs: 60_000, signal: stop.signal });
  stop.abort(new RecordingError("interrupted", "Interrupted."));
  await expect(second).rejects.toThrow(expect.objectContaining({ code: "interrupted" }));
  first.release();
});

test.each([
  ["nonsense", "{"],
  ["terminal codes", JSON.stringify({ pid: 1, host: "\u001b[2J", since: "x" })],
])("a note of %s beside the lock is not repeated", async (_, note) => {
  const first = await lockArchive(folder, atOnce());
  writeFileSync(join(folder, ".callreel/lock.json"), note);
  await expect(lockArchive(folder, atOnce())).rejects.toThrow(locked(/PID unknown/));
  first.release();
});

test("a symbolic link in place of the lock or its folder is refused", async () => {
  symlinkSync(tmpdir(), join(folder, ".callreel"));
  await expect(lockArchive(folder, atOnce())).rejects.toThrow(expect.objectContaining({ code: "unsafe-path" }));
});

test("a folder that cannot be made is told as such", async () => {
  writeFileSync(join(folder, "file"), "");
  await expect(lockArchive(join(folder, "file"), atOnce())).rejects.toThrow(
    expect.objectContaining({ code: "unsafe-path" }),
  );
});

test.each([
  ["a folder in which nothing can be made", "/proc/x", "disk-denied", /^Cannot write \/proc\/x.*--dest/],
  ["a way that leads through a file", "/dev/null/x", "unsafe-path", /^Cannot write \/dev\/null\/x.*--dest/],
])("an archive in %s is told by its folder and with what to do", async (_, place, code, words) => {
  await expect(lockArchive(place, atOnce())).rejects.toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(words) }),
  );
});
