import { expect, test } from "vitest";
import type { Settings } from "../../src/cli/config.ts";
import { wireListing } from "../../src/composition/listed-work.ts";
import { selectionOf } from "../../src/composition/plan.ts";
import { seededRandom } from "../../src/sandbox/audio/seeded-random.ts";
import { openRingCentral } from "../../src/sources/ringcentral/index.ts";
import type { SeenRequest } from "../helpers/scripted-server.ts";
import { testIo } from "../helpers/test-io.ts";
import { type Fake, openFake } from "../sources/ringcentral/fake.ts";
import { leapingClock, openWorld } from "../sources/ringcentral/world.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const begin = Date.UTC(2026, 9, 1, 12);

interface LoggedCall {
  readonly id: string;
  readonly atMs: number;
  /** When the log first shows it. */
  readonly shownMs: number;
}

/** A RingCentral, and a ledger's notes over many runs. */
interface Stage {
  readonly fake: Fake;
  readonly notes: Map<string, string>;
  readonly calls: LoggedCall[];
  nowMs: number;
  /** How far ahead of the real time its answers' dates are. */
  skewMs: number;
  /** Whether its answers tell the time. */
  dated: boolean;
  /** Whether the company's log is open to the login. */
  company: boolean;
}

async function openStage(): Promise<Stage & AsyncDisposable> {
  const fake = await openFake({ limit: 1_000_000, windowMs: minute });
  const stage: Stage = { fake, notes: new Map(), calls: [], nowMs: begin, skewMs: 0, dated: true, company: true };
  fake.settings.answer = (request) => {
    const headers = { date: stage.dated ? new Date(stage.nowMs + stage.skewMs).toUTCString() : "" };
    if (request.path === "/restapi") return { headers, body: {} };
    if (!request.path.endsWith("/call-log")) return undefined;
    const own = request.path.includes("/extension/");
    if (!own && !stage.company) return { status: 403, headers, body: { errorCode: "CMN-408" } };
    return { headers, body: { records: recordsOf(stage, request, own), navigation: {} } };
  };
  return Object.assign(stage, { [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose]() });
}

function recordsOf({ calls, nowMs }: Stage, { query }: SeenRequest, own: boolean) {
  const [fromMs, toMs] = [Date.parse(query.get("dateFrom")!), Date.parse(query.get("dateTo")!)];
  return calls
    .map((entry, at) => ({ ...entry, recording: String(401_000_001 + at) }))
    .filter(({ atMs, shownMs }) => atMs >= fromMs && atMs <= toMs && shownMs <= nowMs)
    .filter((_, at) => !own || at % 2 === 0)
    .map(({ id, atMs, recording }) => ({
      id,
      sessionId: id,
      startTime: new Date(atMs).toISOString(),
      recording: { id: recording },
    }));
}

interface Run {
  readonly localMs: number;
  readonly settings?: Settings;
  readonly interrupted?: boolean;
}

/** One run with `--since last`; the ids that it listed. */
async function run(stage: Stage, given: Run): Promise<string[]> {
  return (await runAndHear(stage, given)).ids;
}

async function runAndHear(stage: Stage, { localMs, settings = {}, interrupted }: Run) {
  const clock = leapingClock(localMs);
  await using world = openWorld({ server: stage.fake.origin, mediaServer: stage.fake.origin }, {}, clock);
  await using source = openRingCentral(world.settings, world.context);
  const notes = {
    get: async (name: string) => stage.notes.get(name),
    set: async (name: string, value: string) => void stage.notes.set(name, value),
  };
  const given = { since: "last", timezone: "UTC", ...settings } as Settings;
  const io = { ...testIo({}), clock };
  const selection = await selectionOf(given, localMs);
  const { work, complete } = await wireListing({ settings: given, io }, source, selection, notes, () => source);
  const ids: string[] = [];
  const told: string[] = [];
  for await (const { refs, events } of work) {
    ids.push(...refs.map(({ call }) => call.callId ?? ""));
    told.push(...events.flatMap((event) => (event.event === "notice" ? [event.message] : [])));
  }
  if (!interrupted) await complete();
  return { ids, told };
}

const call = (id: string, atMs: number, shownMs = atMs): LoggedCall => ({ id, atMs, shownMs });

test.each([
  ["a year ahead", 365 * day],
  ["three days ahead", 3 * day],
  ["a year behind", -365 * day],
] as const)("a clock that was %s for a run skips nothing", async (_, offset) => {
  await using stage = await openStage();
  stage.calls.push(call("1", begin - 2 * hour));
  expect(await run(stage, { localMs: begin + offset })).toEqual(["1"]);
  stage.calls.push(call("2", begin + hour));
  stage.nowMs = begin + 2 * day;
  expect(await run(stage, { localMs: stage.nowMs })).toContain("2");
});

test.each([
  ["thirty hours ahead", 30 * hour],
  ["five hours behind", -5 * hour],
  ["three days behind", -3 * day],
] as const)("a RingCentral whose answers are dated %s hides no call, tonight or ever", async (_, skewMs) => {
  await using stage = await openStage();
  stage.skewMs = skewMs;
  for (let night = 1; night < 4; night += 1) {
    stage.nowMs += 6 * hour;
    stage.calls.push(call(String(night), stage.nowMs - hour));
    const { ids, told } = await runAndHear(stage, { localMs: stage.nowMs, settings: { lookback: hour } });
    expect(ids).toContain(String(night));
    expect(told).toEqual([expect.stringMatching(/This machine's clock is .* RingCentral's/)]);
  }
});

test("a start that is given relative to now is taken by the earlier clock, an end by the later one", async () => {
  await using stage = await openStage();
  stage.calls.push(call("inside", begin - 5 * hour), call("outside", begin - 60 * hour));
  const settings = { since: undefined, from: "1d", to: "2h" } as unknown as Settings;
  for (const skewMs of [0, 30 * hour, -30 * hour]) {
    stage.skewMs = skewMs;
    expect(await run(stage, { localMs: begin, settings })).toContain("inside");
  }
});

test("calls that were too young for a run are listed by a later one, however short the look-back", async () => {
  await using stage = await openStage();
  stage.calls.push(call("old", begin - 3 * day), call("young", begin - 40 * hour));
  const settings = { minAge: 2 * day, lookback: hour };
  expect(await run(stage, { localMs: begin, settings })).toEqual(["old"]);
  stage.nowMs = begin + 2 * day;
  expect(await run(stage, { localMs: stage.nowMs, settings })).toContain("young");
});

test("an end that lies ahead of the clock is not believed", async () => {
  await using stage = await openStage();
  stage.calls.push(call("1", begin - 60 * day));
  expect(await run(stage, { localMs: begin })).toEqual(["1"]);
  for (const name of stage.notes.keys()) if (name.startsWith("listed")) stage.notes.set(name, String(begin + 9 * day));
  expect(await run(stage, { localMs: begin })).toEqual(["1"]);
});

test("what the company's log would have shown is listed once it is open again", async () => {
  await using stage = await openStage();
  stage.company = false;
  stage.calls.push(call("own", begin - 50 * day), call("colleague's", begin - 49 * day));
  expect(await run(stage, { localMs: begin })).toEqual(["own"]);
  stage.company = true;
  expect(await run(stage, { localMs: begin })).toEqual(["own", "colleague's"]);
});

test("without a word on the time no end is remembered, which is told", async () => {
  await using stage = await openStage();
  stage.dated = false;
  stage.calls.push(call("1", begin - 60 * day));
  for (const localMs of [begin, begin + day]) {
    const { ids, told } = await runAndHear(stage, { localMs });
    expect([ids, told]).toEqual([["1"], [expect.stringMatching(/have no Date header .*lists the same calls again/)]]);
  }
  stage.dated = true;
  expect(await runAndHear(stage, { localMs: begin })).toEqual({ ids: ["1"], told: [] });
});

test("whatever clocks, ages, look-backs and broken runs: every call is listed at least once", async () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = seededRandom(`since ${seed}`);
    const pick = <T>(...sides: readonly T[]): T => sides[Math.floor(random() * sides.length)] as T;
    await using stage = await openStage();
    const lookback = pick(hour, 6 * hour, day);
    const listed = new Set<string>();
    const seen: string[] = [];
    for (let night = 0; night < 6; night++) {
      const gap = pick(10 * minute, day, 3 * day);
      for (let each = 0; each < 5; each++) {
        const atMs = Math.floor(stage.nowMs + random() * gap);
        stage.calls.push(call(`${night}.${each}`, atMs, atMs + random() * lookback * 0.99));
      }
      stage.nowMs += gap;
      stage.dated = random() < 0.9;
      const skew = pick(0, 0, 90_000, -90_000, 5 * hour, -5 * hour, 3 * day, -3 * day, 365 * day, -365 * day);
      // One of the two clocks is right.
      const [serverSkew, localSkew] = pick([skew, 0], [0, skew]);
      stage.skewMs = serverSkew;
      const minAge = pick(undefined, undefined, 15 * minute, 5 * day);
      const settings = { lookback, ...(minAge === undefined ? {} : { minAge }) };
      const interrupted = random() < 0.2;
      seen.push(
        JSON.stringify({
          night,
          now: stage.nowMs - begin,
          serverSkew,
          localSkew,
          minAge,
          interrupted,
          dated: stage.dated,
        }),
      );
      for (const id of await run(stage, { localMs: stage.nowMs + localSkew, settings, interrupted })) listed.add(id);
    }
    stage.nowMs += 6 * day;
    stage.skewMs = 0;
    stage.dated = true;
    for (const id of await run(stage, { localMs: stage.nowMs, settings: { lookback } })) listed.add(id);
    const missing = stage.calls.filter(({ id }) => !listed.has(id));
    expect(missing, `seed ${seed}, lookback ${lookback}: ${seen.join(" ")}`).toEqual([]);
  }
});
