import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqlite, sqliteError, tryLockFile, tryShareLockFile } from "../../src/platform/sqlite.ts";
import { startModule } from "../helpers/module-child.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "callreel-sqlite-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const holder = `
  const { tryLockFile } = await built("platform/sqlite.js");
  // A lock that nobody refers to any more is collected, and so let go.
  globalThis.lock = tryLockFile(process.argv[1]);
  console.log(globalThis.lock === undefined ? "refused" : "held");
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
    (await built("platform/sqlite.js")).openSqlite(":memory:").close();
    setImmediate(() => console.log("quiet"));`);
  expect(await child.line()).toBe("quiet");
});

test("a lock that is shared keeps out who wants it alone, and the other way round", async () => {
  const path = join(folder, "lock");
  const [first, second] = [tryShareLockFile(path, 0), tryShareLockFile(path, 0)];
  expect(tryLockFile(path)).toBeUndefined();
  first?.release();
  const other = startModule(holder, [path]);
  expect(await other.line()).toBe("refused");
  await other.kill();
  second?.release();
  const alone = tryLockFile(path);
  expect([alone === undefined, tryShareLockFile(path, 0)]).toEqual([false, undefined]);
  alone?.release();
});

const words = { name: "It", damaged: { code: "ledger" as const, remedy: "mend it" }, busy: "locked" as const };
const thrownBy = (work: () => void) => {
  try {
    work();
  } catch (error) {
    return sqliteError(error, words).code;
  }
  return undefined;
};

test("what SQLite says of a file is told as what happened to it", () => {
  const path = join(folder, "file.db");
  const sqlite = openSqlite(path);
  sqlite.exec("PRAGMA max_page_count = 4; CREATE TABLE t (x UNIQUE)");
  const add = (x: string) => sqlite.prepare("INSERT INTO t VALUES (?)").run(x);
  add("1");
  const other = openSqlite(path);
  other.exec("PRAGMA busy_timeout = 0");
  sqlite.exec("BEGIN EXCLUSIVE");
  expect(thrownBy(() => other.exec("INSERT INTO t VALUES (2)"))).toBe("locked");
  sqlite.exec("ROLLBACK");
  other.exec("PRAGMA query_only = ON");
  expect([
    thrownBy(() => other.exec("INSERT INTO t VALUES (2)")),
    thrownBy(() => add("2".repeat(40_000))),
    thrownBy(() => add("1")),
    thrownBy(() => sqlite.prepare("SELECT * FROM lost")),
    thrownBy(() => JSON.parse("{")),
    thrownBy(() => openSqlite(join(folder, "none", "file.db"))),
    thrownBy(() => sqlite.prepare("SELEC")),
  ]).toEqual(["disk-read-only", "disk-full", "ledger", "ledger", "ledger", "disk-denied", "bug"]);
  for (const database of [sqlite, other]) database.close();
});

test.each([
  [8, "disk-read-only"],
  [10 | (12 << 8), "disk-io"],
  [11, "ledger"],
  [13, "disk-full"],
  [14, "disk-denied"],
  [15, "locked"],
  [22, "disk-io"],
  [26, "ledger"],
  [21, "bug"],
])("result code %i counts where the words tell nothing: %s", (errcode, code) => {
  expect(sqliteError(Object.assign(new Error("what"), { errcode }), words).code).toBe(code);
});

test("a folder that cannot be made on a read-only disk is told as one that cannot be written", () => {
  expect(sqliteError(new Error("ENOENT: no such file or directory, mkdir '/ro/callreel'"), words)).toMatchObject({
    code: "disk-denied",
  });
});
