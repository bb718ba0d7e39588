import { afterEach, expect, it, vi } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";

afterEach(() => vi.useRealTimers());

const day = 86_400_000;

it("sleeps for longer than a timer can run", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  let awake = false;
  void systemClock.sleep(60 * day, new AbortController().signal).then(() => {
    awake = true;
  });
  await vi.advanceTimersByTimeAsync(59 * day);
  expect(awake).toBe(false);
  await vi.advanceTimersByTimeAsync(day);
  expect(awake).toBe(true);
});

it("ends such a sleep, too, when it is told", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const controller = new AbortController();
  const sleep = systemClock.sleep(60 * day, controller.signal);
  await vi.advanceTimersByTimeAsync(30 * day);
  controller.abort(new Error("enough"));
  await expect(sleep).rejects.toThrow("enough");
  expect(vi.getTimerCount()).toBe(0);
});
