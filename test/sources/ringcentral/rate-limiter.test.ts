import { expect, test } from "vitest";
import type { Clock } from "../../../src/core/model/ports.ts";
import { openRingCentral, type RingCentralSource } from "../../../src/sources/ringcentral/index.ts";
import { openState } from "../../../src/sources/ringcentral/state.ts";
import { until } from "../../helpers/bin.ts";
import { heldClock } from "../../helpers/held-clock.ts";
import { idleClock } from "../../helpers/idle-clock.ts";
import { type Fake, openFake } from "./fake.ts";
import { startFetching } from "./second-process.ts";
import { never, openWorld, type World } from "./world.ts";

/** Fetches the recordings first…last with several workers; returns the statuses. */
async function fetchAll(world: World, source: RingCentralSource, count: number, workers = 4): Promise<number[]> {
  const statuses: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const ref = source.named(String(1000 + next++))!;
      for (;;) {
        const link = await source.link(ref, undefined, never);
        const answer = await world.http.request({ url: link.url, headers: link.headers }, never);
        link.answered?.(answer);
        statuses.push(answer.status);
        if (answer.status !== 429) break;
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return statuses;
}

/** How much of the budget was used after the first window, of what could have been. */
function shareOfBudget(fake: Fake): number {
  const { limit, windowMs } = fake.settings;
  const first = fake.counted[0]!;
  const last = fake.counted.at(-1)!;
  const windows = Math.floor((last - first) / windowMs);
  const used = fake.counted.filter((at) => at >= first + windowMs && at < first + windows * windowMs).length;
  return used / (limit * (windows - 1));
}

function openSource(fake: Fake, clock?: Clock, changes = {}): { world: World; source: RingCentralSource } {
  const world = openWorld({ server: fake.origin, mediaServer: fake.origin }, changes, clock);
  return { world, source: openRingCentral(world.settings, world.context) };
}

test.concurrent("spends the whole budget and earns no 429", async () => {
  const clock = idleClock();
  await using fake = await openFake({ limit: 10 }, clock);
  const { world, source } = openSource(fake, clock);
  await fetchAll(world, source, 60);
  expect(fake.refusals).toEqual({ limited: 0, insidePenalty: 0 });
  expect(shareOfBudget(fake)).toBeGreaterThanOrEqual(0.9);
  await source[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test.concurrent("keeps to one budget and one login between two processes at once, and waits once it is spent", async () => {
  await using fake = await openFake({ limit: 40, windowMs: 3_600_000 });
  const { world, source } = openSource(fake);
  await source[Symbol.asyncDispose]();
  // Either alone spends the budget, whichever starts first.
  const fifty = (first: number) => Array.from({ length: 50 }, (_, at) => String(first + at));
  await using one = startFetching(world.settings, fifty(1000));
  await using other = startFetching(world.settings, fifty(2000));
  await Promise.all([one.waiting, other.waiting]);
  await until(() => fake.counted.length === 40, "the last permit to be used");
  expect(fake.refusals).toEqual({ limited: 0, insidePenalty: 0 });
  expect(fake.tokenRequests()).toHaveLength(1);
  await world[Symbol.asyncDispose]();
});

test.concurrent("counts the token endpoint's five requests a minute per application, whoever logs in through it", async () => {
  const clock = idleClock();
  const asked: number[] = [];
  const answer = ({ path }: { path: string }) => {
    if (path === "/restapi/oauth/token") asked.push(clock.now());
    return undefined;
  };
  await using fake = await openFake({ answer }, clock);
  const { world, source: first } = openSource(fake, clock);
  const sources = [first, openRingCentral({ ...world.settings, clientId: "another app" }, world.context)];
  for (let user = 0; user < 6; user++) {
    const jwt = `e30.${Buffer.from(JSON.stringify({ sub: `20${user}` })).toString("base64url")}.x`;
    sources.push(openRingCentral({ ...world.settings, profile: `p${user}`, jwt }, world.context));
  }

  await Promise.all(sources.map((source) => fetchAll(world, source, 1, 1)));

  expect(asked).toHaveLength(8);
  const inTheMinuteTo = (end: number) => asked.filter((at) => at > end - 60_000 && at <= end).length;
  expect(Math.max(...asked.map(inTheMinuteTo))).toBe(6);
  const waited = world.events.filter((event) => event.event === "waiting" && /app's logins/.test(event.reason));
  expect(waited).not.toHaveLength(0);
  for (const source of sources) await source[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test.concurrent("sends nothing inside a penalty when the limit is cut without notice, and goes on after it", async () => {
  const clock = idleClock();
  await using fake = await openFake({ limit: 10, windowMs: 2000, penaltyMs: 2000 }, clock);
  const { world, source } = openSource(fake, clock);
  await fetchAll(world, source, 4);
  fake.settings.limit = 3;
  const statuses = await fetchAll(world, source, 8);
  expect(statuses.filter((status) => status === 429).length).toBeLessThanOrEqual(1);
  expect(statuses.filter((status) => status === 200)).toHaveLength(8);
  expect(fake.refusals.insidePenalty).toBe(0);
  await source[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test.concurrent("leaves room for what others use of the same login", async () => {
  const clock = idleClock();
  await using fake = await openFake({ limit: 10, windowMs: 2000 }, clock);
  const { world, source } = openSource(fake, clock);
  await fetchAll(world, source, 1);
  fake.useElsewhere(6);
  await fetchAll(world, source, 12);
  expect(fake.refusals).toEqual({ limited: 0, insidePenalty: 0 });
  await source[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test.concurrent("waits the full Retry-After, which a new process of the same login respects too", async () => {
  const clock = idleClock();
  await using fake = await openFake({ limit: 10, penaltyMs: 2000 }, clock);
  const { world, source } = openSource(fake, clock);
  fake.useElsewhere(10);
  const link = await source.link(source.named("1")!, undefined, never);
  const refused = await world.http.request({ url: link.url, headers: link.headers }, never);
  link.answered?.(refused);
  const refusedMs = clock.now();
  await source[Symbol.asyncDispose]();
  const other = openRingCentral(world.settings, world.context);
  expect(refused.status).toBe(429);
  expect(await fetchAll(world, other, 2)).toEqual([200, 200]);
  expect(fake.counted[0]! - refusedMs).toBeGreaterThanOrEqual(2000);
  expect(world.events.find((event) => event.event === "waiting")).toMatchObject({ untilMs: expect.any(Number) });
  await other[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test.concurrent("holds every group after a 429 that names none, for 60 s when it does not say how long", async () => {
  const clock = heldClock();
  await using fake = await openFake({}, clock);
  const { world, source } = openSource(fake, clock);
  fake.settings.answer = ({ path }) => (path.endsWith("/content") ? { status: 429, body: {} } : undefined);
  const link = await source.link(source.named("1")!, undefined, never);
  link.answered?.(await world.http.request({ url: link.url, headers: link.headers }, never));
  const stop = new AbortController();
  const status = expect(source.status(stop.signal)).rejects.toThrow("enough");
  const waits = () => world.events.filter((each) => each.event === "waiting");
  await until(() => waits().length > 0, "the wait");
  expect(waits()).toMatchObject([{ untilMs: clock.now() + 60_250 }]);
  stop.abort(new Error("enough"));
  await status;
  await source[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test.concurrent("keeps to a lower rate when told to", async () => {
  const clock = idleClock();
  await using fake = await openFake({ limit: 10 }, clock);
  const { world, source } = openSource(fake, clock, { ratePerMinute: 240 });
  await fetchAll(world, source, 9);
  const { counted } = fake;
  expect(counted.at(-1)! - counted[0]!).toBeGreaterThanOrEqual(2000);
  expect(source.ratePerMinute?.()).toBe(240);
  await source[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test.concurrent("takes nothing off the budget for requests that never left this machine, alone or from a block", async () => {
  for (const limit of [3, 1500]) {
    const clock = idleClock();
    await using fake = await openFake({ limit, windowMs: 60_000 }, clock);
    const { world, source } = openSource(fake, clock);
    expect(await fetchAll(world, source, 1)).toEqual([200]);
    for (let taken = 0; taken < 2 * limit; taken++) {
      (await source.link(source.named("1")!, undefined, never)).answered?.(undefined, false);
    }
    expect(await fetchAll(world, source, 2)).toEqual([200, 200]);
    expect(world.events.filter(({ event }) => event === "waiting")).toEqual([]);
    await source[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  }
});

test.concurrent("forgets permits that a killed process never heard an answer to", async () => {
  const clock = idleClock();
  await using fake = await openFake({ limit: 3 }, clock);
  // A killed process confirms nothing.
  const { world, source: killed } = openSource(fake, {
    ...clock,
    sleep: () => new Promise(() => {}),
  });
  for (const id of ["1", "2", "3"]) {
    const link = await killed.link(killed.named(id)!, undefined, never);
    if (id !== "3") link.answered?.(await world.http.request({ url: link.url, headers: link.headers }, never));
  }
  await clock.sleep(15_000, never);
  const other = openRingCentral(world.settings, { ...world.context, clock });
  expect(await fetchAll(world, other, 3)).toEqual([200, 200, 200]);
  await other[Symbol.asyncDispose]();
  await killed[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test("asks the state that processes share once for hundreds of links where the budget is large", async () => {
  const clock = heldClock();
  await using fake = await openFake({ limit: 1_000_000, windowMs: 60_000 }, clock);
  const { world, source } = openSource(fake, clock);
  await fetchAll(world, source, 3, 1);
  const head = {
    status: 200,
    headers: {
      "x-rate-limit-group": "heavy",
      "x-rate-limit-limit": "1000000",
      "x-rate-limit-remaining": "900000",
      "x-rate-limit-window": "60",
    },
  };
  const ref = source.named("1")!;
  using state = openState(world.stateDir);
  const versions = new Set([state.version()]);
  for (let sent = 0; sent < 1500; sent++) {
    (await source.link(ref, undefined, never)).answered?.(head);
    versions.add(state.version());
  }
  expect(versions.size).toBeLessThan(10);
  await source[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});
