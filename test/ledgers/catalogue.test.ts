import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { salvageLedger } from "../../src/ledgers/index.ts";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { nothing, ref, refs, run, startOf, stored } from "../contracts/ledger.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { ledgerFolder } from "./opened.ts";

const { path, open, tamper } = ledgerFolder();

test("the summary counts entries, bytes and seconds by source, month and state", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  const [a, b, c] = [
    ref(1, { start: "2026-10-31T23:59:59Z" }),
    ref(2, { start: startOf(1) }),
    ref(3, { duration: 60 }),
  ];
  const tim = { ...ref(4, { start: "2026-10-01T08:00:00" }), key: "tim/3/4/N", source: "tim" as const };
  await ledger.claim([a, b, c, tim]);
  const { audioSeconds: _, ...unknownLength } = stored("c.mp3", 5);
  await Promise.all([ledger.done(a, stored("a.mp3", 100)), ledger.done(c, unknownLength)]);
  await ledger.failed(tim, new RecordingError("gone", "Gone."));
  expect(await ledger.summary()).toEqual([
    { source: "ringcentral", month: "", state: "done", entries: 1, bytes: 5, seconds: 60 },
    { source: "ringcentral", month: "2026-10", state: "done", entries: 1, bytes: 100, seconds: 12.5 },
    { source: "ringcentral", month: "2026-11", state: "pending", entries: 1, bytes: 0, seconds: 0 },
    { source: "tim", month: "2026-10", state: "gone", entries: 1, bytes: 0, seconds: 0 },
  ]);
});

test("the summary stays what a recount would give, whatever happens to entries", async () => {
  const ledger = await open();
  const many = refs(60).map((each, at) => ({ ...each, call: { start: `2026-${10 + (at % 3)}-01` } }));
  const codes = ["timeout", "gone", "not-audio", "forbidden"] as const;
  for (const round of [0, 1, 2, 3]) {
    await ledger.begin(run(`run-${round}`));
    const moved = many.map((each, at) => (at % 7 === round ? { ...each, call: { start: "2027-01-01" } } : each));
    await ledger.claim(moved);
    const claims = await Promise.all(moved.map((each) => ledger.reclaim(each)));
    const mine = moved.filter((_, at) => claims[at]?.granted || round === 0);
    await Promise.all(
      mine.map((each, at) =>
        at % 3 === 0 && round <= at % 5
          ? ledger.failed(each, new RecordingError(codes[at % 4]!, "No."))
          : ledger.done(each, { ...stored(`${at}.mp3`, at * 10), audioSeconds: at + round / 8 }),
      ),
    );
    await ledger.reclaim(moved[5]!);
    await ledger.release(moved[5]!.key);
    await ledger.purge([moved[round]!.key], "test");
    await ledger.finish(nothing, 0);
  }
  tamper("DELETE FROM recordings WHERE seq = 30");
  const database = openSqlite(path(), { readOnly: true });
  const recount = database
    .prepare(`SELECT source, substr(start, 1, 7) AS month, state, count(*) AS entries,
      sum(CASE state WHEN 'done' THEN bytes ELSE 0 END) AS bytes,
      sum(CASE state WHEN 'done' THEN CAST(audio_seconds * 1000 AS INTEGER) ELSE 0 END) / 1000.0 AS seconds
      FROM recordings GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`)
    .all()
    .map((row) => ({ ...(row as object) }));
  database.close();
  expect(recount.length).toBeGreaterThan(8);
  expect(await ledger.summary()).toEqual(recount);
});

test("failures are told by reason, most frequent first, with the newest as the example", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  await ledger.claim(refs(5));
  await ledger.failed(ref(1), new RecordingError("gone", "Gone since May."));
  await ledger.done(ref(2), stored("2.mp3"));
  await ledger.failed(ref(3), new RecordingError("not-audio", "An HTML page."));
  await ledger.failed(ref(4), new RecordingError("not-audio", "An HTML page."));
  expect(await ledger.failures()).toEqual([
    {
      source: "ringcentral",
      state: "failed",
      code: "not-audio",
      entries: 2,
      message: "An HTML page.",
      example: expect.stringMatching(/\/[34]$/),
    },
    {
      source: "ringcentral",
      state: "gone",
      code: "gone",
      entries: 1,
      message: "Gone since May.",
      example: "ringcentral/1",
    },
  ]);
});

test("what waits longest is counted with its oldest call, and unknown starts are left out", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  const calls = [startOf(30), startOf(10), startOf(20), undefined];
  await ledger.claim(calls.map((start, at) => ref(at, start === undefined ? {} : { start })));
  expect(await ledger.waiting("ringcentral", startOf(30))).toEqual({ entries: 2, oldest: startOf(10) });
  expect(await ledger.waiting("ringcentral", startOf(5))).toEqual({ entries: 0 });
  expect(await ledger.waiting("tim", startOf(99))).toEqual({ entries: 0 });
});

test("files found in place are adopted once, and never against a purge", async () => {
  const ledger = await open();
  const found = refs(3).map((each) => ({ ref: each, stored: stored(`${each.id}.mp3`) }));
  expect(await ledger.adopt(found.slice(0, 2))).toBe(2);
  await ledger.purge([ref(1).key], "asked to");
  expect(await ledger.adopt(found)).toBe(1);
  const states = await Promise.all(found.map(async (each) => (await ledger.entry(each.ref.key))?.state));
  expect(states).toEqual(["purged", "done", "done"]);
  await ledger.begin(run("first"));
  expect(await ledger.claim([ref(2)])).toEqual([{ granted: false, reason: "done", path: "2.mp3" }]);
});

test("adopting a known recording keeps what its row told of the call", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  await ledger.claim([ref(1, { name: "Ada", start: startOf(1) })]);
  await ledger.adopt([{ ref: { ...ref(1), locator: {} }, stored: stored("a.mp3") }]);
  expect(await ledger.entry(ref(1).key)).toMatchObject({
    state: "done",
    ref: ref(1, { name: "Ada", start: startOf(1) }),
  });
});

test("a purge leaves a tombstone that is never fetched again, and says so once", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  await ledger.claim([ref(1, { start: startOf(1), from: "+16505550100", name: "Ada" })]);
  await ledger.done(ref(1), stored("2026/+16505550100.mp3"));
  expect(await ledger.purge([ref(1).key, "ringcentral/unknown"], "asked by letter")).toBe(1);
  expect(await ledger.purge([ref(1).key], "again")).toBe(0);
  expect(await ledger.claim([ref(1)])).toEqual([{ granted: false, reason: "repeated" }]);
  await ledger.finish(nothing, 0);
  await ledger.begin(run("second"));
  expect(await ledger.claim([ref(1)])).toEqual([{ granted: false, reason: "purged" }]);
  expect(await ledger.reclaim(ref(1))).toEqual({ granted: false, reason: "purged" });
  expect((await ledger.entry(ref(1).key))?.ref).toEqual({ ...ref(1, { start: startOf(1) }), locator: {} });
  const why = { detail: "asked by letter", reason: "asked by letter" };
  expect(await ledger.lastAudits(9)).toMatchObject([
    { seq: 1, at: "2026-11-21T00:00:00.000Z", action: "purge", key: ref(1).key, ...why },
  ]);
});

test("after a purge no byte of the number, name and path is left in any of the ledger's files", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  const marked = refs(800).map((each) => ({
    ...each,
    call: { ...each.call, from: `+4930${each.id}77777`, name: `Secret${each.id}` },
  }));
  await ledger.claim(marked);
  await Promise.all(marked.map((each) => ledger.done(each, stored(`x/${each.call.from}.mp3`))));
  const keys = marked.map((each) => each.key);
  await ledger.purge(keys, "asked to");
  expect(await ledger.purging()).toHaveLength(800);
  await ledger.purgeEnded(keys);
  expect(await ledger.purging()).toEqual([]);
  const bytes = ["", "-wal"].map((suffix) => readFileSync(`${path()}${suffix}`, "latin1")).join("");
  expect(bytes).toContain("ringcentral/800");
  expect(bytes.match(/Secret\d+|\+4930\d+/g)).toBeNull();
});

test("a purge forgets a found damage and an owed hook", async () => {
  const ledger = await open();
  await ledger.begin({ ...run("first"), hooked: true });
  await ledger.claim(refs(2));
  for (const each of refs(2)) await ledger.done(each, stored(`${each.id}.mp3`));
  await ledger.noteDamage(new Map([[ref(1).key, "+4930123 differs"]]));
  expect(await ledger.hooksOwedCount()).toBe(2);
  await ledger.purge([ref(1).key], "asked to");
  await ledger.purgeEnded([ref(1).key]);
  expect(await ledger.hooksOwedCount()).toBe(1);
  expect(readFileSync(path(), "latin1")).not.toContain("+4930123");
});

test("what is held well is told by keys, in the order asked, and nothing of all others", async () => {
  const ledger = await open();
  await ledger.begin(run("first"));
  const [long, bare, damaged, gone] = [ref(1, { duration: 60 }), ref(2), ref(3), ref(4)];
  await ledger.claim([long, bare, damaged, gone, ref(5)]);
  const { audioSeconds: _, ...unknownLength } = stored("2.mp3", 7);
  await Promise.all([
    ledger.done(long, stored("1.mp3", 5)),
    ledger.done(bare, unknownLength),
    ledger.done(damaged, stored("3.mp3")),
  ]);
  await ledger.failed(gone, new RecordingError("gone", "Gone."));
  await ledger.noteDamage(new Map([[damaged.key, "another SHA-256"]]));
  expect(await ledger.heldOf([gone.key, bare.key, "nobody/1", long.key, damaged.key, ref(5).key, bare.key])).toEqual([
    undefined,
    { path: "2.mp3", bytes: 7 },
    undefined,
    { path: "1.mp3", bytes: 5, audioSeconds: 12.5, duration: 60 },
    undefined,
    undefined,
    { path: "2.mp3", bytes: 7 },
  ]);
  expect(await ledger.heldOf([])).toEqual([]);
});

test("audit lines come newest first, and an edited one shows", async () => {
  const ledger = await open();
  await ledger.audit({ action: "playback", key: "ringcentral/1", detail: "127.0.0.1" });
  await ledger.audit({ action: "rebuild" });
  expect(await ledger.lastAudits(9)).toMatchObject([
    { action: "rebuild" },
    { action: "playback", detail: "127.0.0.1" },
  ]);
  expect(await ledger.verifyAuditChain()).toMatchObject({ entries: 2 });
  tamper("UPDATE audits SET detail = NULL WHERE seq = 1");
  expect((await ledger.verifyAuditChain()).broken).toMatchObject({ seq: 1, name: "playback" });
});

test("who did it, where and why are in the record, and none of it can be changed unseen", async () => {
  const ledger = await open({ operator: { name: "ada", host: "pc7" } });
  await ledger.audit({ action: "export", reason: "for the court" });
  await ledger.audit({ action: "playback", key: "ringcentral/1", by: "anna" });
  await ledger.begin(run("one"));
  await ledger.finish(nothing, 0);
  expect(await ledger.lastAudits(9)).toMatchObject([
    { by: "anna", host: "pc7" },
    { by: "ada", host: "pc7", reason: "for the court" },
  ]);
  expect(await ledger.lastRuns(1)).toMatchObject([{ by: "ada", host: "pc7" }]);
  tamper("UPDATE audits SET reason = 'for fun' WHERE seq = 1; UPDATE runs SET operator = 'bob'");
  expect((await ledger.verifyAuditChain()).broken).toMatchObject({ seq: 1 });
  expect((await ledger.verifyRunChain()).broken).toMatchObject({ seq: 1 });
});

test("what was only named to a run that was killed is forgotten by the next run and by a rebuild, what was listed stays", async () => {
  const leave = async (runId: string) => {
    const killed = await open();
    await killed.begin(run(runId));
    await killed.claim([{ ...ref(1), named: true }, ref(2)]);
    await killed[Symbol.asyncDispose]();
  };
  await leave("killed");
  const ledger = await open();
  await ledger.begin(run("next"));
  expect([await ledger.entry(ref(1).key), (await ledger.entry(ref(2).key))?.state]).toEqual([undefined, "pending"]);
  await ledger.finish(nothing, 0);
  await ledger[Symbol.asyncDispose]();
  await leave("killed too");
  expect(salvageLedger(path(), { clock: heldClock(), pid: 1 }).unread.size).toBe(0);
  expect((await (await open()).entriesOf([ref(1).key, ref(2).key])).map((entry) => entry?.state)).toEqual([
    undefined,
    "pending",
  ]);
});

test("a run that was killed is closed under the name of who ran it", async () => {
  const killed = await open({ operator: { name: "ada", host: "pc7" } });
  await killed.begin(run("killed"));
  await killed[Symbol.asyncDispose]();
  const ledger = await open({ operator: { name: "bob", host: "pc8" } });
  await ledger.begin(run("next"));
  expect(await ledger.lastRuns(1)).toMatchObject([{ runId: "killed", result: "interrupted", by: "ada" }]);
});
