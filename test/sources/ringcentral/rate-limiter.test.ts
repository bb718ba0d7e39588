import { expect, test } from "vitest";
import { openRingCentral, type RingCentralSource } from "../../../src/sources/ringcentral/index.ts";
import { type Fake, openFake } from "./fake.ts";
import { fetchInProcess } from "./second-process.ts";
import { never, openWorld, realClock, type World } from "./world.ts";

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

function openSource(fake: Fake, changes = {}): { world: World; source: RingCentralSource } {
  const world = openWorld({ server: fake.origin, mediaServer: fake.origin }, changes);
  return { world, source: openRingCentral(world.settings, world.context) };
}

test.concurrent("spends the whole budget and earns no 429", async () => {
  await using fake = await openFake({ limit: 10 });
  const { world, source } = openSource(fake);
  await fetchAll(world, source, 60);
  expect(fake.refusals).toEqual({ limited: 0, insidePenalty: 0 });
  expect(shareOfBudget(fake)).toBeGreaterThanOrEqual(0.9);
  await source[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test.concurrent("keeps to one budget and one login between two processes at once, each having its turn", async () => {
  await using fake = await openFake({ limit: 10 });
  const { world, source } = openSource(fake);
  await source[Symbol.asyncDispose]();
  const started = Date.now();
  const ran = await Promise.all(
    [1000, 2000].map(async (first) => {
      const ids = Array.from({ length: 30 }, (_, at) => String(first + at));
      return { fetched: await fetchInProcess(world.settings, ids), ms: Date.now() - started };
    }),
  );
  expect(ran.map(({ fetched }) => fetched)).toEqual([30, 30]);
  expect(Math.abs(ran[0]!.ms - ran[1]!.ms)).toBeLessThan(1500);
  expect(fake.refusals).toEqual({ limited: 0, insidePenalty: 0 });
  expect(fake.tokenRequests()).toHaveLength(1);
  expect(shareOfBudget(fake)).toBeGreaterThanOrEqual(0.85);
  await world[Symbol.asyncDispose]();
});

test.concurrent("sends nothing inside a penalty when the limit is cut without notice, and goes on after it", async () => {
  await using fake = await openFake({ limit: 10, windowMs: 2000, penaltyMs: 2000 });
  const { world, source } = openSource(fake);
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
  await using fake = await openFake({ limit: 10, windowMs: 2000 });
  const { world, source } = openSource(fake);
  await fetchAll(world, source, 1);
  fake.useElsewhere(6);
  await fetchAll(world, source, 12);
  expect(fake.refusals).toEqual({ limited: 0, insidePenalty: 0 });
  await source[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test.concurrent("waits the full Retry-After, which a new process of the same login respects too", async () => {
  await using fake = await openFake({ limit: 10, penaltyMs: 2000 });
  const { world, source } = openSource(fake);
  fake.useElsewhere(10);
  const link = await source.link(source.named("1")!, undefined, never);
  const refused = await world.http.request({ url: link.url, headers: link.headers }, never);
  link.answered?.(refused);
  const refusedMs = Date.now();
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
  await using fake = await openFake();
  const { world, source } = openSource(fake);
  fake.settings.answer = ({ path }) => (path.endsWith("/content") ? { status: 429, body: {} } : undefined);
  const link = await source.link(source.named("1")!, undefined, never);
  link.answered?.(await world.http.request({ url: link.url, headers: link.headers }, never));
  await expect(source.status(AbortSignal.timeout(300))).rejects.toThrow();
  const [event] = world.events.filter((each) => each.event === "waiting");
  expect((event as { untilMs: number }).untilMs - Date.now()).toBeGreaterThan(59_000);
  await source[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test.concurrent("keeps to a lower rate when told to", async () => {
  await using fake = await openFake({ limit: 10 });
  const { world, source } = openSource(fake, { ratePerMinute: 240 });
  await fetchAll(world, source, 9);
  const { counted } = fake;
  expect(counted.at(-1)! - counted[0]!).toBeGreaterThanOrEqual(2000);
  expect(source.ratePerMinute?.()).toBe(240);
  await source[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test.concurrent("takes nothing off the budget for requests that never left this machine, alone or from a block", async () => {
  for (const limit of [3, 1500]) {
    await using fake = await openFake({ limit, windowMs: 60_000 });
    const { world, source } = openSource(fake);
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
  await using fake = await openFake({ limit: 3 });
  const { world, source: killed } = openSource(fake);
  for (const id of ["1", "2", "3"]) {
    const link = await killed.link(killed.named(id)!, undefined, never);
    if (id !== "3") link.answered?.(await world.http.request({ url: link.url, headers: link.headers }, never));
  }
  const later = { ...realClock, now: () => Date.now() + 15_000 };
  const other = openRingCentral(world.settings, { ...world.context, clock: later });
  expect(await fetchAll(world, other, 3)).toEqual([200, 200, 200]);
  await other[Symbol.asyncDispose]();
  await killed[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test("costs few microseconds a link where the budget is large", async () => {
  await using fake = await openFake({ limit: 1_000_000, windowMs: 60_000 });
  const { world, source } = openSource(fake);
  await fetchAll(world, source, 3);
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
  const rounds: number[] = [];
  for (let round = 0; round < 10; round++) {
    const started = performance.now();
    for (let sent = 0; sent < 500; sent++) (await source.link(ref, undefined, never)).answered?.(head);
    rounds.push((performance.now() - started) * 2);
  }
  expect(Math.min(...rounds)).toBeLessThan(60);
  await source[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});
