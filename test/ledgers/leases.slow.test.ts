import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { ref, refs, run, stored } from "../contracts/ledger.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { startModule } from "../helpers/module-child.ts";
import { ledgerFolder } from "./opened.ts";

const { path, open, tamper } = ledgerFolder();

/** Begins the run argv[2], claims 1 to 3, finishes 1, and stays. */
const claimant = `
  const { openLedger } = await built("ledgers/index.js");
  const ledger = await openLedger(process.argv[1], { clock: { now: Date.now, monotonic: () => performance.now() }, pid: process.pid });
  await ledger.begin({ runId: process.argv[2], startedMs: Date.now(), selection: { from: "x" } });
  const refs = [1, 2, 3].map((id) => ({ key: "ringcentral/" + id, source: "ringcentral", id: String(id), locator: {}, call: {} }));
  console.log((await ledger.claim(refs)).filter((claim) => claim.granted).length);
  await ledger.done(refs[0], { path: "1.mp3", bytes: 7, sha256: "", contentType: "audio/mpeg" });
  console.log("done");
  process.stdin.resume();`;

const clock = { now: Date.now, monotonic: () => performance.now(), sleep: async () => {} };

test("what another living process has claimed is refused, and free at once when it is killed", async () => {
  const other = startModule(claimant, [path(), "other"]);
  expect(await other.line()).toBe("3");
  await other.line();
  const ledger = await open({ clock });
  await ledger.begin(run("mine"));
  const reasons = async () => (await ledger.claim(refs(4))).map((claim) => (claim.granted ? "granted" : claim.reason));
  expect(await reasons()).toEqual(["done", "claimed", "claimed", "granted"]);
  expect(await ledger.reclaim(ref(2))).toEqual({ granted: false, reason: "claimed" });
  await other.kill();
  await expect.poll(reasons, { interval: 200 }).toEqual(["done", "granted", "granted", "repeated"]);
});

test("a run that was killed stands in the records as interrupted, with what it had done", async () => {
  const other = startModule(claimant, [path(), "other/..\\:1"]);
  await other.line();
  await other.line();
  await other.kill();
  const ledger = await open({ clock, version: "1.2.3" });
  await ledger.begin(run("mine"));
  expect(await ledger.lastRuns(9)).toMatchObject([
    { runId: "other/..\\:1", result: "interrupted", done: 1, bytes: 7, selection: { from: "x" } },
  ]);
  expect(await ledger.verifyRunChain()).toEqual({ entries: 1, head: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(readdirSync(`${path()}-runs`)).toEqual(["mine.lock"]);
});

test("a run that still lives is left alone by the next", async () => {
  const first = await open();
  await first.begin(run("first"));
  await first.claim(refs(2));
  const second = await open();
  await second.begin(run("second"));
  expect(await second.lastRuns(9)).toEqual([]);
  expect(await second.claim(refs(1))).toEqual([{ granted: false, reason: "claimed" }]);
});

test("a lease that was not renewed is free, also when its lock is still held", async () => {
  const held = heldClock();
  const first = await open({ clock: held });
  await first.begin(run("first"));
  await first.claim(refs(1));
  const second = await open({ clock: held });
  await second.begin(run("second"));
  expect((await second.claim(refs(1)))[0]?.granted).toBe(false);
  await held.advance(121_000);
  expect(await second.claim(refs(1))).toEqual([{ granted: true, attempts: 0 }]);
});

test("claims and results renew the lease", async () => {
  const held = heldClock();
  const first = await open({ clock: held });
  await first.begin(run("first"));
  await first.claim(refs(2));
  const second = await open({ clock: held });
  await second.begin(run("second"));
  for (const renewal of [() => first.claim(refs(2)), () => first.done(ref(2), stored("2.mp3"))]) {
    await held.advance(100_000);
    await renewal();
  }
  await held.advance(100_000);
  expect(await second.claim(refs(1))).toEqual([{ granted: false, reason: "claimed" }]);
});

test("a run that overslept its lease is not taken for one that was killed", async () => {
  const held = heldClock();
  const first = await open({ clock: held });
  await first.begin(run("first"));
  await held.advance(3_600_000);
  const second = await open({ clock: held });
  await second.begin(run("second"));
  expect(await second.lastRuns(9)).toEqual([]);
  await first.claim(refs(1));
  expect(await second.claim(refs(1))).toEqual([{ granted: false, reason: "claimed" }]);
});

test("a lock that cannot be looked at counts as held while the lease runs", async () => {
  const first = await open();
  await first.begin(run("first"));
  await first.claim(refs(1));
  rmSync(`${path()}-runs/first.lock`);
  mkdirSync(`${path()}-runs/first.lock`);
  const second = await open();
  expect((await second.entry(ref(1).key))?.state).toBe("claimed");
  rmSync(`${path()}-runs/first.lock`, { recursive: true });
});

test("the results of a run that lost its lease are refused, whoever has the recording by then", async () => {
  const held = heldClock();
  const first = await open({ clock: held });
  await first.begin(run("first"));
  await first.claim(refs(4));
  const second = await open({ clock: held });
  await second.begin(run("second"));
  expect((await second.claim(refs(1)))[0]?.granted).toBe(false);
  await held.advance(121_000);
  expect((await second.claim(refs(4))).every(({ granted }) => granted)).toBe(true);
  await second.done(ref(1), stored("second.mp3"));
  await second.release(ref(2).key);
  const lost = expect.objectContaining({ code: "lost-claim" });
  for (const id of [1, 2, 3]) {
    await expect(first.done(ref(id), stored("first.mp3"))).rejects.toThrow(lost);
    await expect(first.failed(ref(id), new RecordingError("not-audio", "x"))).rejects.toThrow(lost);
  }
  await first.release(ref(4).key);
  expect((await second.entry(ref(1).key))?.stored?.path).toBe("second.mp3");
  expect((await second.entry(ref(2).key))?.state).toBe("pending");
  expect((await second.entry(ref(3).key))?.state).toBe("claimed");
  expect((await second.entry(ref(4).key))?.state).toBe("claimed");
});

test("a purge is final, also for the run that is fetching the recording", async () => {
  const first = await open();
  await first.begin(run("first"));
  await first.claim(refs(1));
  const second = await open();
  expect(await second.purge([ref(1).key], "asked")).toBe(1);
  await expect(first.done(ref(1), stored("1.mp3"))).rejects.toThrow(expect.objectContaining({ code: "lost-claim" }));
  expect(await second.entry(ref(1).key)).toMatchObject({ state: "purged" });
});

test.each([3_600_000, -3_600_000])("a clock that is %i ms off takes nobody's claims", async (offMs) => {
  const held = heldClock();
  const first = await open({ clock: held });
  await first.begin(run("first"));
  await first.claim(refs(1));
  const second = await open({ clock: { ...held, now: () => held.now() + offMs } });
  await second.begin(run("second"));
  expect((await second.claim(refs(1)))[0]?.granted).toBe(false);
  await held.advance(100_000);
  await first.claim(refs(1));
  await held.advance(100_000);
  expect((await second.claim(refs(1)))[0]?.granted).toBe(false);
});

test("four processes claim and finish every recording exactly once", async () => {
  const worker = `
    const { openLedger } = await built("ledgers/index.js");
    const ledger = await openLedger(process.argv[1], { clock: { now: Date.now, monotonic: () => performance.now() }, pid: process.pid });
    await ledger.begin({ runId: process.argv[2], startedMs: Date.now(), selection: {} });
    console.log("ready");
    await new Promise((resolve) => process.stdin.once("data", resolve));
    const granted = [];
    for (let from = 0; from < 4000; from += 50) {
      const refs = Array.from({ length: 50 }, (_, at) => ({ key: "ringcentral/" + (from + at), source: "ringcentral", id: String(from + at), locator: {}, call: {} }));
      const claims = await ledger.claim(refs);
      const mine = refs.filter((_, at) => claims[at].granted);
      granted.push(...mine.map((ref) => ref.id));
      await Promise.all(mine.map((ref) => ledger.done(ref, { path: ref.id, bytes: 1, sha256: "", contentType: "audio/mpeg" })));
    }
    await ledger.finish({ done: granted.length, skipped: 0, failed: 0, rejected: 0, bytes: 0, ms: 0, reasons: {} }, 0);
    await ledger[Symbol.asyncDispose]();
    console.log(JSON.stringify(granted));
    process.exit();`;
  const children = [1, 2, 3, 4].map((at) => startModule(worker, [path(), `run-${at}`]));
  for (const child of children) expect(await child.line()).toBe("ready");
  for (const child of children) child.process.stdin?.write("go\n");
  const granted = await Promise.all(children.map(async (child) => JSON.parse(await child.line()) as string[]));
  expect(granted.flat().length).toBe(4000);
  expect(new Set(granted.flat()).size).toBe(4000);
  const ledger = await open();
  expect(await ledger.summary()).toMatchObject([{ state: "done", entries: 4000, bytes: 4000 }]);
  expect((await ledger.verifyRunChain()).entries).toBe(4);
});

test("locks that no run answers for are cleared away, and those in use are not", async () => {
  const first = await open();
  await first.begin(run("first"));
  writeFileSync(`${path()}-runs/left behind.lock`, "");
  tamper("DELETE FROM leases");
  const second = await open();
  await second.begin(run("second"));
  expect(readdirSync(`${path()}-runs`).sort()).toEqual(["first.lock", "second.lock"]);
  await second[Symbol.asyncDispose]();
  expect(existsSync(`${path()}-runs/second.lock`)).toBe(false);
});

test("a run begins once", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  await expect(ledger.begin(run("second"))).rejects.toThrow(expect.objectContaining({ code: "bug" }));
});
