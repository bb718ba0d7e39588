import { describe, expect, test } from "vitest";
import type { Archive } from "../../src/core/model/ledger.ts";
import { nothing, run } from "../contracts/ledger.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { ledgerFolder } from "./opened.ts";

const { open, tamper } = ledgerFolder();

test("a run's record keeps its exact selection, counts, times and result", async () => {
  const clock = heldClock();
  const ledger = await open({ clock, version: "1.2.3" });
  await ledger.begin(run("first"));
  await clock.advance(5000);
  const summary = {
    ...{ done: 2, skipped: 3, failed: 1, rejected: 4, bytes: 2 ** 41, ms: 4999.6, reasons: { timeout: 1, done: 3 } },
    stoppedBy: { code: "cap-reached" as const, message: "5 hours are over." },
  };
  await ledger.finish(summary, 8);
  expect(await ledger.lastRuns(5)).toEqual([
    {
      ...summary,
      seq: 1,
      runId: "first",
      version: "1.2.3",
      started: "2026-11-21T00:00:00.000Z",
      finished: "2026-11-21T00:00:05.000Z",
      result: "finished",
      exitCode: 8,
      ms: 5000,
      selection: { from: "2026-11-01" },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  ]);
});

test("the last runs come newest first", async () => {
  const ledger = await threeRuns();
  expect((await ledger.lastRuns(2)).map(({ runId }) => runId)).toEqual(["run-3", "run-2"]);
});

test("totals count every run's bytes, and tell of downloads alone", async () => {
  const clock = heldClock();
  const ledger = await open({ clock });
  expect(await ledger.runTotals()).toEqual({ bytes: 0 });
  const ended = async (runId: string, exitCode: number, selection = {}) => {
    await ledger.begin({ ...run(runId), startedMs: clock.now(), selection });
    await clock.advance(1000);
    await ledger.finish({ ...nothing, bytes: 5 }, exitCode);
  };
  await ended("good", 0);
  await ended("player", 0, { command: "serve" });
  const beforeMs = clock.now();
  await ended("bad", 7);
  await ended("record says good", 0);
  expect(await ledger.runTotals()).toMatchObject({ bytes: 20, lastSuccess: "2026-11-21T00:00:04.000Z" });
  expect(await ledger.runTotals(beforeMs)).toMatchObject({
    bytes: 20,
    lastSuccess: "2026-11-21T00:00:01.000Z",
    lastDownload: { exitCode: 0 },
  });
});

test("a run that nobody began cannot finish", async () => {
  await expect((await open()).finish(nothing, 0)).rejects.toThrow(expect.objectContaining({ code: "bug" }));
});

test("the head of the chain is the hash of the last run", async () => {
  const ledger = await threeRuns();
  const [last] = await ledger.lastRuns(1);
  expect(await ledger.verifyRunChain()).toEqual({ entries: 3, head: last?.hash });
});

test("an archive without runs has nothing to prove", async () => {
  expect(await (await open()).verifyRunChain()).toEqual({ entries: 0, head: "" });
});

describe("the chain of runs shows", () => {
  test.each<[string, string, number, string, RegExp]>([
    ["an edited count", "UPDATE runs SET failed = 0, done = 9 WHERE seq = 2", 2, "run-2", /changed/],
    ["an edited selection", "UPDATE runs SET selection = '{}' WHERE seq = 1", 1, "run-1", /changed/],
    ["an edited hash", "UPDATE runs SET hash = 'aa' WHERE seq = 3", 3, "run-3", /changed/],
    ["a number turned into text", "UPDATE runs SET bytes = 'many' WHERE seq = 2", 2, "run-2", /changed/],
    ["a removed run", "DELETE FROM runs WHERE seq = 2", 2, "run-3", /record 2 is missing/],
    [
      "a removed run, the others renumbered",
      "DELETE FROM runs WHERE seq = 2; UPDATE runs SET seq = 2 WHERE seq = 3",
      2,
      "run-3",
      /follow/,
    ],
    ["runs removed at the end", "DELETE FROM runs WHERE seq > 1", 2, "", /2 records at the end are missing/],
    ["all runs removed", "DELETE FROM runs", 1, "", /3 records at the end are missing/],
    [
      "an added run",
      "INSERT INTO runs (seq, run_id, version, started, finished, result, exit_code, done, skipped, failed, rejected, bytes, ms, reasons, stopped_code, stopped_message, selection, prev_hash, hash) SELECT 4, 'x', version, started, finished, result, exit_code, done, skipped, failed, rejected, bytes, ms, reasons, stopped_code, stopped_message, selection, hash, 'ff' FROM runs WHERE seq = 3",
      4,
      "x",
      /changed/,
    ],
    ["a head that was set back", "UPDATE chains SET entries = 2", 3, "", /another program/],
  ])("%s", async (_, sql, seq, name, reason) => {
    const ledger = await threeRuns();
    tamper(sql);
    expect((await ledger.verifyRunChain()).broken).toEqual({ seq, name, reason: expect.stringMatching(reason) });
  });
});

async function threeRuns(): Promise<Archive> {
  const ledger = await open();
  for (const runId of ["run-1", "run-2", "run-3"]) {
    await ledger.begin(run(runId));
    await ledger.finish({ ...nothing, failed: 1 }, 3);
  }
  return ledger;
}

test("what a run has listed whole stands in its record, and none of it can be changed unseen", async () => {
  const ledger = await open();
  await ledger.begin(run("one"));
  const listed = [
    { source: "ringcentral", by: "call-log", from: "2026-03-01T00:00:00.000Z", to: "2026-04-01T00:00:00.000Z" },
  ] as const;
  await ledger.finish(nothing, 0, listed);
  expect((await ledger.lastRuns(1))[0]?.listed).toEqual(listed);
  tamper("UPDATE runs SET listed = replace(listed, '-03-', '-02-')");
  expect((await ledger.verifyRunChain()).broken).toMatchObject({ seq: 1 });
});
