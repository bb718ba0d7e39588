import { expect, test } from "vitest";
import type { DownloadEvent } from "../../src/core/model/events.ts";
import { openProgress } from "../../src/reporters/progress.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { done, failed, progressed, runStarted, skipped, started } from "./events.ts";

const minute = 60_000;

function opened(settings: { total?: number; ratePerMinute?: () => number | undefined } = {}) {
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

test("the total is what listings add up to, and never less than what was handled", () => {
  const { progress, hear } = opened();
  expect(progress.total).toBeUndefined();
  hear({ event: "listed", source: "tim", rows: 5, recordings: 2 });
  hear({ event: "listed", source: "tim", rows: 5, recordings: 1 });
  expect(progress.total).toBe(3);
  hear(done("a"), done("b"), failed("c"), skipped("d"));
  expect(progress.total).toBe(4);
});

test("rows without a wanted recording are skipped but do not count as recordings handled", () => {
  const { progress, hear } = opened({ total: 10 });
  hear(skipped("a"), skipped("b", "filtered"), skipped("c", "no-recording"));
  expect([progress.skipped, progress.handled]).toEqual([3, 1]);
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
