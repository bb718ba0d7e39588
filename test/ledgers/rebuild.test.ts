import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { salvageLedger } from "../../src/ledgers/index.ts";
import { nothing, ref, refs, run, stored } from "../contracts/ledger.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { ledgerFolder } from "./opened.ts";

const { path, open, tamper } = ledgerFolder();
const context = { clock: heldClock(), pid: 1 };
const aside = () => path("ledger.db.aside-20261121T000000Z");

test("a sound ledger is carried over whole: entries, tombstones, runs, audit lines and named values", async () => {
  await fill();
  expect(salvageLedger(path(), context)).toMatchObject({ aside: aside(), entries: 900, unread: new Map() });
  const ledger = await open();
  expect(await ledger.summary()).toMatchObject([
    { state: "done", entries: 99, bytes: 99_000 },
    { state: "pending", entries: 800 },
    { state: "purged", entries: 1 },
  ]);
  expect(await ledger.entry(ref(2).key)).toMatchObject({ state: "done", stored: stored("2.mp3") });
  expect(await ledger.get("window")).toBe("1");
  expect(await ledger.verifyRunChain()).toMatchObject({ entries: 1 });
  expect((await ledger.verifyRunChain()).broken).toBeUndefined();
  await ledger.begin(run("third"));
  expect(await ledger.claim([ref(1), ref(900)])).toMatchObject([{ reason: "purged" }, { granted: true }]);
});

test("of a ledger with overwritten pages all that can be read is carried over, and runs go on", async () => {
  await fill();
  const bytes = readFileSync(path());
  for (const id of [300, 301, 600]) {
    const page = Math.floor(bytes.indexOf(`media.example/recording/${id}/`) / 4096);
    if (page > 0) bytes.fill(0x5a, page * 4096, page * 4096 + 4096);
  }
  writeFileSync(path(), bytes);
  const { entries } = salvageLedger(path(), context);
  expect(entries).toBeGreaterThan(840);
  expect(entries).toBeLessThan(900);
  const ledger = await open();
  await ledger.checkFile();
  expect(await ledger.entry(ref(300).key)).toBeUndefined();
  expect((await ledger.entry(ref(350).key))?.state).toBe("pending");
  expect((await ledger.summary()).reduce((sum, each) => sum + each.entries, 0)).toBe(entries);
  await ledger.begin(run("third"));
  await ledger.finish(nothing, 0);
  expect((await ledger.lastRuns(1))[0]).toMatchObject({ runId: "third", seq: 2 });
});

test("evidence that recordings are gone, and whose word counts, are carried over", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  const witness = { by: "media.example", explicit: true };
  await ledger.failed(ref(1), new RecordingError("gone", "No.", { witness }));
  await ledger.set("yielded:media.example", "yes");
  const before = await ledger.entry(ref(1).key);
  await ledger.finish(nothing, 0);
  await ledger[Symbol.asyncDispose]();
  salvageLedger(path(), context);
  const after = await open();
  expect(before?.evidence).toMatchObject({ says: "gone", times: 1 });
  expect(await after.entry(ref(1).key)).toEqual(before);
  expect(await after.get("yielded:media.example")).toBe("yes");
});

test("what is no ledger at all is kept aside, and a new one begins", async () => {
  writeFileSync(path(), "no ledger".repeat(999));
  expect(salvageLedger(path(), context)).toMatchObject({ aside: aside(), entries: 0 });
  expect(readFileSync(aside(), "utf8")).toMatch(/^no ledger/);
  expect(await (await open()).summary()).toEqual([]);
});

test("where there is none, a new one begins", async () => {
  expect(salvageLedger(path(), context)).toEqual({ entries: 0, unread: new Map() });
  expect(await (await open({ readOnly: true })).summary()).toEqual([]);
});

test("the log of a killed run is carried over too", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  await ledger.claim(refs(5));
  expect(readdirSync(path("."))).toContain("ledger.db-wal");
  expect(salvageLedger(path(), context).entries).toBe(5);
});

test("hooks that are owed stay so", async () => {
  const ledger = await open();
  await ledger.begin({ ...run("first"), hooked: true });
  await ledger.claim(refs(3));
  for (const each of refs(3)) await ledger.done(each, stored(`${each.id}.mp3`));
  await ledger[Symbol.asyncDispose]();
  salvageLedger(path(), context);
  expect(await (await open()).hooksOwedCount()).toBe(3);
});

test("a ledger from a newer callreel is not taken for a damaged one", async () => {
  await fill();
  tamper("PRAGMA user_version = 99");
  expect(() => salvageLedger(path(), context)).toThrow(expect.objectContaining({ code: "ledger" }));
  expect(readdirSync(path(".")).filter((name) => name.includes("aside"))).toEqual([]);
});

/** 900 entries: 1 purged, 2 to 100 done, the others pending; one run and one that did not finish. */
async function fill() {
  const ledger = await open();
  await ledger.begin(run("first"));
  await ledger.claim(refs(900));
  await Promise.all(refs(100).map((each) => ledger.done(each, stored(`${each.id}.mp3`))));
  await ledger.set("window", "1");
  await ledger.purge([ref(1).key], "asked to");
  await ledger.finish(nothing, 0);
  await ledger.begin(run("second"));
  await ledger[Symbol.asyncDispose]();
  tamper("PRAGMA wal_checkpoint(TRUNCATE)");
}
