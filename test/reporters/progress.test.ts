import { expect, test } from "vitest";
import type { DownloadEvent } from "../../src/core/model/events.ts";
import { openProgress } from "../../src/reporters/progress.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { done, failed, progressed, runStarted, skipped, started } from "./events.ts";

const minute = 60_000;

function opened(settings: Omit<Parameters<typeof openProgress>[0], "clock"> = {}) {
  const clock = heldClock();
  const progress = openProgress({ clock, ...settings });
  return { clock, progress, hear: (...events: DownloadEvent[]) => events.forEach(progress.hear) };
}

test("before anything is measured, the time left is what the rate limit allows", () => {
  const { progress, hear } = opened({ total: 4812, ratePerMinute: () => 10 });
  hear(runStarted);
  expect(progress.etaMs()).toBe(481.2 * minute);
});

test("a burst within the budget does not make the time left shorter than the limit allows", async () => {
  const { clock, progress, hear } = opened({ total: 100, ratePerMinute: () => 10 });
  hear(runStarted);
  await clock.advance(6000);
  for (let i = 0; i < 10; i += 1) hear(done(`r/${i}`));
  expect(progress.rate()).toBe(10);
  expect(progress.etaMs()).toBe(9 * minute);
});

test("transfers slower than the limit make the time left longer", async () => {
  const { clock, progress, hear } = opened({ total: 100, ratePerMinute: () => 10 });
  hear(runStarted);
  for (let i = 0; i < 20; i += 1) {
    await clock.advance(15_000);
    hear(done(`r/${i}`));
  }
  expect(progress.rate()).toBeCloseTo(4);
  expect(progress.etaMs()).toBeCloseTo(20 * minute, -3);
});

test("without a limit the rate is measured, and a stall brings it down", async () => {
  const { clock, progress, hear } = opened({ total: 1000 });
  hear(runStarted);
  expect(progress.rate()).toBeUndefined();
  expect(progress.etaMs()).toBeUndefined();
  for (let i = 0; i < 60; i += 1) {
    await clock.advance(1000);
    hear(done(`r/${i}`));
  }
  expect(progress.rate()).toBeCloseTo(60);
  await clock.advance(9 * minute);
  expect(progress.rate()).toBeLessThan(10);
});

const found = (recordings: number, complete = false): DownloadEvent => ({ event: "found", recordings, complete });

test("the total is what was found, marked as growing until the list is complete, and never less than what was handled", () => {
  const { progress, hear } = opened();
  expect([progress.total, progress.isGrowing]).toEqual([undefined, true]);
  hear(found(2));
  expect([progress.total, progress.isGrowing]).toEqual([2, true]);
  hear(found(3, true));
  expect([progress.total, progress.isGrowing]).toEqual([3, false]);
  hear(done("a"), done("b"), failed("c"), skipped("d"));
  expect(progress.total).toBe(4);
});

test("while the list grows there is no time left to tell; the moment it is complete there is", async () => {
  const { clock, progress, hear } = opened({ ratePerMinute: () => 10 });
  hear(runStarted, found(250));
  await clock.advance(5 * minute);
  hear(done("a"));
  expect(progress.etaMs()).toBeUndefined();
  hear(found(301, true));
  expect(progress.etaMs()).toBe(1500 * minute);
});

test("the time left knows --limit-rate: none before the first recording tells how big they are, then by their bytes", () => {
  const { progress, hear } = opened({ total: 101, ratePerMinute: () => 60, bytesPerSecond: 1000 });
  hear(runStarted);
  expect(progress.etaMs()).toBeUndefined();
  hear(done("a", 60_000));
  expect(progress.etaMs()).toBe(100 * minute);
  hear(started("b"), progressed("b", 30_000));
  expect(progress.etaMs()).toBe(99.5 * minute);
});

test("a wide --limit-rate makes the time left no shorter than the budget allows", () => {
  const { progress, hear } = opened({ total: 101, ratePerMinute: () => 10, bytesPerSecond: 1_000_000 });
  hear(runStarted, done("a", 1000));
  expect(progress.etaMs()).toBe(10 * minute);
});

test("the time left counts nothing that the archive had before, be it skipped already or not", () => {
  const { progress, hear } = opened({ ratePerMinute: () => 10 });
  hear(runStarted, { event: "found", recordings: 1000, settled: 900, complete: true });
  expect(progress.etaMs()).toBe(10 * minute);
  for (let i = 0; i < 900; i += 1) hear(skipped(`r/${i}`));
  expect(progress.etaMs()).toBe(10 * minute);
  hear(done("a"));
  expect(progress.etaMs()).toBe(9.9 * minute);
});

test("how far the call log was read is told until all of it was", () => {
  const { progress, hear } = opened();
  hear({ event: "listing", source: "ringcentral", rows: 5, from: "2026-01-01", to: "2026-01-02" });
  expect(progress.listing()?.rows).toBe(5);
  hear(found(5, true));
  expect(progress.listing()).toBeUndefined();
});

test("rows without a wanted recording are skipped but do not count as recordings handled", () => {
  const { progress, hear } = opened({ total: 10 });
  hear(skipped("a"), skipped("b", "filtered"), skipped("c", "no-recording"), skipped("d", "too-young"));
  expect([progress.skipped, progress.handled]).toEqual([4, 1]);
  const evidence = {
    says: "no-recording",
    by: "x",
    times: 2,
    firstMs: 0,
    lastMs: 1,
    proven: true,
    askedMs: 1,
  } as const;
  hear({ event: "recording-skipped", key: "e", reason: "no-recording", evidence });
  expect(progress.handled).toBe(2);
});

test("a million skips leave the measured rate alone", async () => {
  const { clock, progress, hear } = opened();
  hear(runStarted);
  for (let i = 0; i < 1000; i += 1) hear(skipped(`r/${i}`));
  await clock.advance(minute);
  hear(done("a"));
  expect(progress.rate()).toBeCloseTo(1);
});

test("bytes on their way count once, and not at all after a failed attempt", () => {
  const { progress, hear } = opened();
  hear(started("a"), started("b"), progressed("a", 100, 200), progressed("a", 150, 200), progressed("b", 50));
  expect(progress.bytes).toBe(200);
  hear({ event: "attempt-failed", key: "b", code: "reset", message: "", attempt: 1, retryInMs: 1 });
  expect(progress.bytes).toBe(150);
  hear(done("a", 200), failed("b"));
  expect(progress.bytes).toBe(200);
  expect(progress.inFlight.size).toBe(0);
});

test("speed is that of the last seconds, not of the whole run", async () => {
  const { clock, progress, hear } = opened();
  hear(started("a"));
  for (let i = 1; i <= 60; i += 1) {
    await clock.advance(1000);
    hear(progressed("a", i <= 40 ? i * 100_000 : 4_000_000 + (i - 40) * 1000));
  }
  expect(progress.bytesPerSecond()).toBeCloseTo(1000, -1);
});

test("what is waited for is over when its time is over", async () => {
  const { clock, progress, hear } = opened();
  hear({ event: "waiting", reason: "the budget", untilMs: clock.now() + 1000 });
  expect(progress.waiting()?.reason).toBe("the budget");
  await clock.advance(1000);
  expect(progress.waiting()).toBeUndefined();
});
