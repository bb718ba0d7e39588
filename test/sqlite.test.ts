import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tryLockFile } from "../src/sqlite.ts";
import { startModule } from "./helpers/module-child.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "callreel-sqlite-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const holder = `
  const { tryLockFile } = await built("sqlite.js");
  console.log(tryLockFile(process.argv[1]) === undefined ? "refused" : "held");
  process.stdin.resume();`;

test("a lock is refused to a second holder in the same process until it is released", () => {
  const path = join(folder, "lock");
  const first = tryLockFile(path);
  expect(first).toBeDefined();
  expect(tryLockFile(path)).toBeUndefined();
  expect(tryLockFile(path)).toBeUndefined();
  first?.release();
  const second = tryLockFile(path);
  expect(second).toBeDefined();
  second?.release();
});

test("a lock holds against other processes, also after this one was refused it again", async () => {
  const path = join(folder, "lock");
  const lock = tryLockFile(path);
  expect(tryLockFile(path)).toBeUndefined();
  const other = startModule(holder, [path]);
  expect(await other.line()).toBe("refused");
  await other.kill();
  lock?.release();
});

test("a lock held by another process is free at once when that is killed", async () => {
  const path = join(folder, "lock");
  const other = startModule(holder, [path]);
  expect(await other.line()).toBe("held");
  expect(tryLockFile(path)).toBeUndefined();
  await other.kill();
  const lock = tryLockFile(path);
  expect(lock).toBeDefined();
  lock?.release();
});

test("a lock released twice is released once", () => {
  const path = join(folder, "lock");
  const lock = tryLockFile(path);
  lock?.release();
  const next = tryLockFile(path);
  lock?.release();
  expect(tryLockFile(path)).toBeUndefined();
  next?.release();
});

test("a lock is one file, which its owner alone can read and write", () => {
  const path = join(folder, "lock");
  const lock = tryLockFile(path);
  expect(readdirSync(folder)).toEqual(["lock"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  lock?.release();
});

test("a symbolic link where the lock should be is refused", () => {
  writeFileSync(join(folder, "elsewhere"), "");
  symlinkSync(join(folder, "elsewhere"), join(folder, "lock"));
  expect(() => tryLockFile(join(folder, "lock"))).toThrow(expect.objectContaining({ code: "unsafe-path" }));
});

test("what is no lock file throws instead of passing for a lock held elsewhere", () => {
  writeFileSync(join(folder, "lock"), "x".repeat(4096));
  expect(() => tryLockFile(join(folder, "lock"))).toThrow(/not a database/);
});

test("opening SQLite says nothing to the user", async () => {
  const child = startModule(`
    process.on("warning", (warning) => console.log(warning.name));
    (await built("sqlite.js")).openSqlite(":memory:").close();
    setImmediate(() => console.log("quiet"));`);
  expect(await child.line()).toBe("quiet");
});
