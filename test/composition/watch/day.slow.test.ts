import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { main } from "../../../src/cli/program.ts";
import type { Clock } from "../../../src/core/model/ports.ts";
import { openRingCentralWorld } from "../../e2e/ringcentral-world.ts";
import { eventsOf } from "../../e2e/tim-world.ts";
import { heldClock } from "../../helpers/held-clock.ts";
import { awaitsDisk } from "../../helpers/idle-clock.ts";
import { testIo } from "../../helpers/test-io.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** A watch and a RingCentral by one clock, which moves as the test says and leaves requests the time that they take. */
async function openDay() {
  const held = heldClock(Date.now());
  let asleepMs = 0;
  const now = () => Math.floor(held.now()) + asleepMs;
  let lateMs = 0;
  const sleep: Clock["sleep"] = (ms, signal) => held.sleep(Math.max(ms, lateMs), signal);
  const clock = { ...held, now, sleep, advance: () => {}, set: () => {} };
  const data = { recordings: 3, layout: "plain" as const, days: 1, seconds: [2, 3] as const, endMs: now() - hour };
  const world = await openRingCentralWorld({ clock, data, settings: { events: { allowed: false } } });
  const { rc, archive, env } = world;
  const io = testIo({ ...env, NO_PROXY: "127.0.0.1" });
  const running = main(["watch", "-s", "ringcentral", "-d", archive, "--json"], { ...io, clock });

  async function settled(): Promise<void> {
    for (let quiet = 0, before = ""; quiet < 3; ) {
      await pause(1);
      const state = `${rc.stats().requests} ${rc.stats().requestsAtOnce.now} ${held.sleeping} ${held.untilNext}`;
      quiet = state === before && rc.stats().requestsAtOnce.now === 0 && !awaitsDisk() ? quiet + 1 : 0;
      before = state;
    }
  }
  /** Lets so much time pass in such steps; without any, from one sleeper to the next, each at work at its own time. */
  async function pass(ms: number, step?: number): Promise<void> {
    for (let left = ms; left > 0; ) {
      await settled();
      const passing = Math.min(step ?? Math.max(1, held.untilNext), left);
      await held.advance(passing);
      left -= passing;
    }
    await settled();
  }
  return {
    ...world,
    now,
    pass,
    /** Lets time pass until it is so; how much it took. */
    async until(isSo: () => boolean, what: string, step = 5 * second): Promise<number> {
      const begun = now();
      while (!isSo()) {
        if (now() - begun > 2 * hour) throw new Error(`waited in vain for ${what}\n${io.err()}`);
        await pass(step, step);
      }
      return now() - begun;
    },
    call: (count: number) => rc.addCalls(count, 3).flatMap(({ recordings }) => recordings),
    has: (ids: readonly string[]) => {
      const done = new Set(eventsOf(io.out()).flatMap(({ event, key }) => (event === "recording-done" ? [key] : [])));
      return ids.every((id) => done.has(`ringcentral/${id}`));
    },
    said: io.err,
    sleep: (ms: number) => {
      asleepMs += ms;
    },
    /** From now on timers are late, so that a day has fewer of them. */
    slow: (ms: number) => {
      lateMs = ms;
    },
    async stop() {
      io.interrupt();
      await held.advance(minute);
      return running;
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

test("two days of a watch: a fifth of the budget while nothing happens; more than a day without network, an ended subscription, the token's end and sleep miss nothing", async () => {
  await using day = await openDay();
  const { rc, pass, call, has } = day;
  await day.until(() => has(rc.recordings().map(({ id }) => id)), "the history");

  // The first comparison with the whole call log takes its own time.
  await pass(20 * minute);
  const quietSince = day.now();
  await pass(hour);
  const looks = rc.stats().groupTimes.heavy.filter((time) => time > quietSince);
  const inMinute = looks.map((from) => looks.filter((time) => time >= from && time < from + minute).length);
  expect(looks.length).toBeGreaterThan(30);
  expect(Math.max(...inMinute)).toBeLessThanOrEqual(2);

  const first = call(2);
  const listedAfter = rc.settings.callLog.listDelaySeconds * second;
  expect(await day.until(() => has(first), "two calls")).toBeLessThanOrEqual(listedAfter + minute);

  rc.settings.faults = [{ route: "*", kind: "reset" }];
  const missed: string[] = [];
  day.slow(2 * minute);
  for (let part = 0; part < 4; part++) {
    missed.push(...call(2));
    await pass(7 * hour, 30 * minute);
  }
  day.slow(0);
  expect(has(missed)).toBe(false);
  expect(day.said().match(/Looking again in/g)?.length).toBeGreaterThan(4);
  rc.settings.faults = [];
  rc.settings.events.allowed = true;
  await day.until(() => has(missed), "the calls of a day without network");
  expect(day.said()).toMatch(/The call log can be read again, after \d/);

  await pass(4 * hour, 10 * minute);
  await day.until(() => rc.gateway.subscribed() === 1, "a subscription", minute);
  rc.gateway.closeAll();
  const between = call(1);
  await day.until(() => has(between), "a call while nobody listened");
  await day.until(() => rc.gateway.subscribed() === 1, "the next subscription");

  day.sleep(8 * hour);
  const asleep = call(2);
  await day.until(() => has(asleep), "the calls of a night asleep");
  expect(day.said()).toContain("The machine slept or its clock was set (8 h): looking at once.");

  expect(await day.stop()).toBe(130);
  expect(day.held().size).toBe(3 + 2 + 8 + 1 + 2);
  expect(rc.stats()).toMatchObject({ penalties: 0, violations: 0 });
  expect(rc.stats().tokenRequests).toBeGreaterThan(2);
});
