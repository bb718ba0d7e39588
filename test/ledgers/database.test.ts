import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { openArchive } from "../../src/ledgers/index.ts";
import { fileError } from "../../src/ledgers/sqlite/database.ts";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { ref, refs, run, stored } from "../contracts/ledger.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { startModule } from "../helpers/module-child.ts";
import { ledgerFolder } from "./opened.ts";

const { path, open, tamper } = ledgerFolder();
const context = { clock: heldClock(), pid: 1 };
const refused = (code: string, words: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(words) });

test("the ledger and what stands beside it are for their owner alone", async () => {
  const ledger = await openArchive(path("new/.callreel/ledger.db"), context);
  await ledger.begin(run("first"));
  const mode = (name: string) => statSync(path(`new/.callreel/${name}`)).mode & 0o777;
  expect(
    ["", "ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db-runs", "ledger.db-runs/first.lock"].map(mode),
  ).toEqual([0o700, 0o600, 0o600, 0o600, 0o700, 0o600]);
  await ledger[Symbol.asyncDispose]();
});

test("an entry outlives the ledger that wrote it, and any SQLite tool can read it", async () => {
  const first = await open();
  await first.begin(run("first"));
  await first.claim([ref(1)]);
  await first.done(ref(1), stored("a.mp3"));
  await first[Symbol.asyncDispose]();
  expect(await (await open()).entry(ref(1).key)).toMatchObject({ state: "done", stored: stored("a.mp3") });
  const database = openSqlite(path(), { readOnly: true });
  expect({ ...(database.prepare("SELECT key, state, done_at FROM archive").get() as object) }).toEqual({
    key: "ringcentral/1",
    state: "done",
    done_at: "2026-11-21T00:00:00.000Z",
  });
  database.close();
});

test("results told but not yet awaited are in the file once the ledger is closed", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  await ledger.claim(refs(3));
  const told = refs(3).map((each) => ledger.done(each, stored(`${each.id}.mp3`)));
  await ledger[Symbol.asyncDispose]();
  await Promise.all(told);
  expect(await (await open()).summary()).toMatchObject([{ state: "done", entries: 3 }]);
});

test("a closed ledger is its file alone", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  await ledger.claim(refs(400));
  await ledger[Symbol.asyncDispose]();
  expect(statSync(`${path()}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
});

test("what was reported done survives a SIGKILL in the same moment", async () => {
  const child = startModule(
    `
    const { openLedger } = await built("ledgers/index.js");
    const clock = { now: Date.now, monotonic: () => performance.now() };
    const ledger = await openLedger(process.argv[1], { clock, pid: 1 });
    await ledger.begin({ runId: "killed", startedMs: 0, selection: {} });
    for (let id = 1; ; id += 4) {
      const refs = [id, id + 1, id + 2, id + 3].map((n) => ({ key: "ringcentral/" + n, source: "ringcentral", id: String(n), locator: {}, call: {} }));
      await ledger.claim(refs);
      await Promise.all(refs.map((ref) => ledger.done(ref, { path: ref.id, bytes: 1, sha256: "", contentType: "audio/mpeg" })));
      console.log(id + 3);
    }`,
    [path()],
  );
  let reported = 0;
  while (reported < 400) reported = Number(await child.line());
  await child.kill();
  const ledger = await open();
  const [done] = await ledger.summary();
  expect(done?.entries).toBeGreaterThanOrEqual(reported);
  await expect(ledger.checkFile()).resolves.toBeUndefined();
});

test("four processes that open a new ledger at once all get it", async () => {
  const opener = `
    const { openLedger } = await built("ledgers/index.js");
    await (await openLedger(process.argv[1], { clock: { now: Date.now, monotonic: Date.now }, pid: 1 }))[Symbol.asyncDispose]();`;
  const children = Array.from({ length: 4 }, () => startModule(opener, [path()]));
  expect(await Promise.all(children.map((child) => child.ended()))).toEqual([0, 0, 0, 0]);
});

describe("a ledger is refused, with what to do,", () => {
  test("when the file is from a newer callreel", async () => {
    await (await open())[Symbol.asyncDispose]();
    tamper("PRAGMA user_version = 99");
    await expect(open()).rejects.toThrow(refused("ledger", /newer callreel.*update callreel/));
  });

  test("when the file is another program's", async () => {
    tamper("CREATE TABLE theirs (x)");
    await expect(open()).rejects.toThrow(refused("ledger", /another program.*--ledger/));
    await expect(open({ readOnly: true })).rejects.toThrow(refused("ledger", /another program/));
  });

  test("when the file is no SQLite file", async () => {
    writeFileSync(path(), "<html>".repeat(1000));
    await expect(open()).rejects.toThrow(refused("ledger", /damaged.*callreel verify --rebuild/));
  });

  test("when the file was cut off", async () => {
    await fill();
    writeFileSync(path(), readFileSync(path()).subarray(0, 50_000));
    await expect(open().then((ledger) => ledger.checkFile())).rejects.toThrow(refused("ledger", /verify --rebuild/));
  });

  test("when pages in its middle were overwritten, as soon as they are met", async () => {
    await fill();
    const bytes = readFileSync(path());
    bytes.fill(0x5a, 8192, bytes.length - 8192);
    writeFileSync(path(), bytes);
    const use = async () => {
      const ledger = await open();
      await ledger.begin(run("second"));
      await ledger.claim(refs(400));
    };
    await expect(use()).rejects.toThrow(refused("ledger", /verify --rebuild/));
  });

  test("when a page of entries was overwritten, at the latest when the whole file is read", async () => {
    await fill();
    const bytes = readFileSync(path());
    bytes.fill(0x5a, bytes.length - 4096 + 200, bytes.length);
    writeFileSync(path(), bytes);
    await expect(open().then((ledger) => ledger.checkFile())).rejects.toThrow(refused("ledger", /verify --rebuild/));
  });

  test("when a symbolic link stands in its place", async () => {
    writeFileSync(path("elsewhere"), "");
    symlinkSync(path("elsewhere"), path());
    await expect(open()).rejects.toThrow(refused("unsafe-path", /symbolic link/));
    expect(readFileSync(path("elsewhere"), "utf8")).toBe("");
  });

  test("when its folder is a symbolic link", async () => {
    mkdirSync(path("elsewhere"));
    symlinkSync(path("elsewhere"), path(".callreel"));
    await expect(openArchive(path(".callreel/ledger.db"), context)).rejects.toThrow(refused("unsafe-path", /symbolic/));
  });

  test("when a folder stands in its place", async () => {
    mkdirSync(path());
    await expect(open()).rejects.toThrow(refused("disk-denied", /cannot be opened/));
  });

  test("when its folder may not be written", async () => {
    mkdirSync(path("closed"));
    chmodSync(path("closed"), 0o555);
    chmodSync(dirname(path("closed")), 0o755);
    // To root nothing is closed: the test looks at it as somebody else.
    const root = process.getuid?.() === 0;
    if (root) process.seteuid?.(65534);
    try {
      await expect(openArchive(path("closed/ledger.db"), context)).rejects.toThrow(
        refused("disk-denied", /may read and write/),
      );
    } finally {
      if (root) process.seteuid?.(0);
    }
  });

  test("when it is only to be read and is not there", async () => {
    await expect(open({ readOnly: true })).rejects.toThrow(refused("usage", /no ledger.*--dest/));
    expect(() => statSync(path())).toThrow();
  });

  test("when it is only to be read and not yet of this version", async () => {
    writeFileSync(path(), "");
    await expect(open({ readOnly: true })).rejects.toThrow(refused("ledger", /older callreel/));
  });

  async function fill() {
    const ledger = await open();
    await ledger.begin(run("first"));
    await ledger.claim(refs(400));
    await ledger[Symbol.asyncDispose]();
  }
});

test("a ledger opened for reading shows what it holds and takes nothing", async () => {
  const writer = await open();
  await writer.begin(run("first"));
  await writer.claim([ref(1)]);
  const reader = await open({ readOnly: true });
  expect((await reader.entry(ref(1).key))?.state).toBe("claimed");
  await expect(reader.begin(run("second"))).rejects.toThrow(expect.objectContaining({ code: "disk-read-only" }));
});

test("a text with a NUL in it is not cut there", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  await ledger.claim([ref(1, { name: "A\0da" })]);
  expect((await ledger.entry(ref(1).key))?.ref.call.name).toBe("A\ufffdda");
});

test("a full disk fails each result that could not be written, and the ledger goes on when there is room", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  await ledger.claim(refs(50));
  tamper(
    "CREATE TRIGGER full BEFORE UPDATE OF path ON recordings BEGIN SELECT raise(FAIL, 'database or disk is full'); END",
  );
  const results = await Promise.allSettled(refs(50).map((each) => ledger.done(each, stored("a"))));
  expect(results.every((result) => result.status === "rejected" && result.reason.code === "disk-full")).toBe(true);
  tamper("DROP TRIGGER full");
  await Promise.all(refs(50).map((each) => ledger.done(each, stored("a"))));
  expect(await ledger.summary()).toMatchObject([{ state: "done", entries: 50 }]);
});

test.each([
  ["database is locked", "locked"],
  ["database disk image is malformed", "ledger"],
  ["attempt to write a readonly database", "disk-read-only"],
  ["EMFILE: too many open files, open 'x'", "too-many-files"],
  ["disk I/O error", "disk-io"],
  ["ENOSPC: no space left on device, write", "disk-full"],
  ["something else", "bug"],
])("an error of the file, %s, is told as %s", (message, code) => {
  expect(fileError(new Error(message), "x.db")).toMatchObject({ code, message: expect.stringContaining("x.db") });
});
