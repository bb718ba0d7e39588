import { expect, test } from "vitest";
import { openJumpWatch } from "../../../src/core/watch/clock-jump.ts";
import { openPace } from "../../../src/core/watch/pace.ts";
import { openSecondTries } from "../../../src/core/watch/second-tries.ts";

const minute = 60_000;
const hour = 60 * minute;

test("looks that take one request reach far back, and take less than a fifth of the budget", () => {
  const pace = openPace(10_000);
  expect(pace.reach(0)).toBe("far");
  pace.looked("far", 1, 0);
  expect(pace.reach(1)).toBe("far");
  expect(pace.pauseMs(10)).toBeCloseTo(40_000);
  expect(minute / pace.pauseMs(10)).toBeLessThanOrEqual(0.2 * 10);
  expect(pace.pauseMs(1)).toBeCloseTo(400_000);
});

test("a raised budget does not make looks more frequent than was asked for", () => {
  expect(openPace(10_000).pauseMs(6000)).toBe(10_000);
});

test("where the look-back takes many requests, most looks reach near, and all together stay below a fifth", () => {
  const pace = openPace(10_000);
  const perMinute = 10;
  const prices = { far: 8, near: 2 };
  let requests = 0;
  let farLooks = 0;
  let now = 0;
  for (; now < 24 * hour; now += pace.pauseMs(perMinute)) {
    const reach = pace.reach(now);
    if (reach === "far") farLooks += 1;
    requests += prices[reach];
    pace.looked(reach, prices[reach], now);
  }
  expect(farLooks).toBeGreaterThan(24 * 3);
  expect(requests / (now / minute)).toBeLessThanOrEqual(0.2 * perMinute);
});

test("a budget that allows nothing makes no pause of NaN", () => {
  expect(openPace(10_000).pauseMs(0)).toBeGreaterThan(hour);
});

test("what failed is tried again soon at first, and hourly in the end", () => {
  const tries = openSecondTries(30_000);
  expect(tries.isDue("ringcentral/1", 0)).toBe(true);
  let asked = 0;
  let lastMs = 0;
  for (let now = 0; now <= 24 * hour; now += 10_000) {
    if (!tries.isDue("ringcentral/1", now)) continue;
    if (now > 0 && now <= 4 * minute) expect(now - lastMs).toBe(30_000);
    if (now > 12 * hour) expect(now - lastMs).toBe(hour);
    tries.failed("ringcentral/1", now);
    asked += 1;
    lastMs = now;
  }
  expect(asked).toBeLessThan(70);
});

test("what came, and what has failed for two days, is forgotten", () => {
  const tries = openSecondTries(30_000);
  tries.failed("ringcentral/1", 0);
  tries.failed("ringcentral/2", 0);
  expect(tries.isDue("ringcentral/1", 1)).toBe(false);
  tries.settled("ringcentral/1");
  expect(tries.isDue("ringcentral/1", 1)).toBe(true);
  tries.failed("ringcentral/3", 49 * hour);
  tries.failed("ringcentral/2", 49 * hour);
  expect(tries.isDue("ringcentral/2", 49 * hour + 29_000)).toBe(false);
});

test("a clock that goes on alone is a jump, in both directions; small corrections are none", () => {
  let [wall, monotonic] = [1_000_000, 0];
  const jump = openJumpWatch({ now: () => wall, monotonic: () => monotonic });
  wall += 10_000;
  monotonic += 10_000;
  expect(jump()).toBe(0);
  wall += 8 * hour + 5_000;
  monotonic += 5_000;
  expect(jump()).toBe(8 * hour);
  expect(jump()).toBe(0);
  wall -= hour;
  expect(jump()).toBe(-hour);
  wall += 2_000;
  expect(jump()).toBe(0);
});
