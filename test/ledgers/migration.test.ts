import { readFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { salvageLedger } from "../../src/ledgers/index.ts";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { nothing, ref, refs, run } from "../contracts/ledger.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { ledgerFolder } from "./opened.ts";

const { path, open } = ledgerFolder();
const recordings = refs(6).map((each) => ({ ...each, call: {} }));

/** A ledger that callreel 0.1.0 wrote: two done (the second 10 s of a 60 s call), gone, no-recording, failed, forbidden. */
beforeEach(() => {
  const database = openSqlite(path());
  database.exec(readFileSync(new URL("../fixtures/ledgers/version-1.sql", import.meta.url), "utf8"));
  database.close();
});

test("a ledger of version 1 is brought up to date, and what it calls gone without evidence is asked for again", async () => {
  const ledger = await open();
  expect(await ledger.checkFile()).toBeUndefined();
  const [old] = await ledger.lastRuns(1);
  expect(old).toMatchObject({ runId: "old", version: "0.1.0" });
  expect([old?.by, old?.host]).toEqual([undefined, undefined]);
  expect([(await ledger.verifyRunChain()).broken, (await ledger.verifyAuditChain()).broken]).toEqual([
    undefined,
    undefined,
  ]);
  const wanted: string[] = [];
  await ledger.begin(run("new"));
  for await (const page of ledger.pending("ringcentral")) wanted.push(...page.map(({ id }) => id));
  expect(wanted.sort()).toEqual(["2", "3", "4", "5", "6"]);
  expect(await ledger.claim(recordings)).toMatchObject([
    { granted: false, reason: "done", path: "1.mp3" },
    { granted: false, reason: "done", path: "2.mp3", short: true },
    { granted: true },
    { granted: true },
    { granted: true },
    { granted: true },
  ]);
  await ledger.finish(nothing, 0);
});

test("a ledger of version 1 is carried over by a rebuild", async () => {
  expect(salvageLedger(path(), { clock: heldClock(), pid: 1 })).toMatchObject({ entries: 6 });
  const ledger = await open();
  expect(await ledger.summary()).toContainEqual(expect.objectContaining({ state: "done", entries: 2, bytes: 2000 }));
  expect(await ledger.entry(ref(3).key)).toMatchObject({ state: "gone", lastError: { code: "gone" } });
  expect((await ledger.verifyRunChain()).entries).toBe(1);
});

test("the records of version 1 keep verifying: what its entries say is closed by the next run, and its head is found again", async () => {
  const ledger = await open();
  const old = await ledger.head();
  expect(old).toBe((await ledger.lastRuns(1))[0]?.hash);
  await ledger.begin(run("new"));
  await ledger.finish(nothing, 0);
  const broken: unknown[] = [];
  for await (const found of ledger.brokenOutcomes()) broken.push(found);
  expect([broken, (await ledger.verifyRunChain()).broken]).toEqual([[], undefined]);
  expect(await ledger.findHead(old)).toMatchObject({ later: 5 });
});

test("a ledger of version 1 gets what purges and names of users need, and both survive a rebuild", async () => {
  const user = { ...ref(7), call: { user: "Ann" } };
  const ledger = await open();
  await ledger.begin(run("new"));
  await ledger.claim([user]);
  await ledger.finish(nothing, 0);
  expect(await ledger.purge([ref(1).key, ref(2).key], "asked")).toBe(2);
  await ledger.purgeEnded([ref(2).key]);
  const left = [{ key: ref(1).key, path: "1.mp3" }];
  expect(await ledger.purging()).toEqual(left);
  await ledger[Symbol.asyncDispose]();
  salvageLedger(path(), { clock: heldClock(), pid: 1 });
  const after = await open();
  expect(await after.purging()).toEqual(left);
  expect((await after.entry(ref(1).key))?.state).toBe("purged");
  expect((await after.entry(user.key))?.ref.call).toEqual(user.call);
});

test("a ledger of version 1 takes holds, which a rebuild carries over with what is being purged", async () => {
  const ledger = await open();
  await ledger.addHolds([{ key: ref(1).key }], "asked");
  expect(await ledger.purge([ref(1).key, ref(2).key])).toBe(1);
  await ledger[Symbol.asyncDispose]();
  salvageLedger(path(), { clock: heldClock(), pid: 1 });
  const after = await open();
  expect(await after.holds()).toMatchObject([{ name: "hold-1", rule: { key: ref(1).key }, reason: "asked" }]);
  expect([await after.lostHolds(), await after.purging()]).toEqual([undefined, [{ key: ref(2).key, path: "2.mp3" }]]);
});

test("a rebuild of a ledger of version 1, which had no holds, misses none", async () => {
  salvageLedger(path(), { clock: heldClock(), pid: 1 });
  expect(await (await open()).lostHolds()).toBeUndefined();
});

test("a ledger of version 1 takes transcripts, which a rebuild carries over with what they say", async () => {
  const ledger = await open();
  const transcripts = [{ path: "1.vtt", bytes: 1, sha256: "0".repeat(64) }];
  const spoken = { lines: [{ text: "hello", at: 1 }] };
  await ledger.noteTranscripts(ref(1).key, transcripts, spoken);
  await ledger[Symbol.asyncDispose]();
  salvageLedger(path(), { clock: heldClock(), pid: 1 });
  const after = await open();
  expect((await after.entry(ref(1).key))?.transcripts).toEqual(transcripts);
  expect(await after.spokenOf(ref(1).key)).toEqual(spoken);
});

test("a ledger of version 1 learns what a bucket calls its objects", async () => {
  const ledger = await open();
  await ledger.noteEtags(new Map([[ref(1).key, "9a0364b9e99bb480dd25e1f0284c8555"]]));
  expect((await ledger.entry(ref(1).key))?.stored?.etag).toBe("9a0364b9e99bb480dd25e1f0284c8555");
  expect((await ledger.entry(ref(2).key))?.stored).not.toHaveProperty("etag");
  await ledger.purge([ref(1).key]);
  const row = openSqlite(path()).prepare("SELECT etag FROM recordings WHERE key = ?").get(ref(1).key);
  expect(row).toEqual({ etag: null });
});
