import { expect, test } from "vitest";
import { seededRandom } from "../../../src/sandbox/audio/seeded-random.ts";
import { openRingCentral } from "../../../src/sources/ringcentral/index.ts";
import type { ScriptedAnswer, SeenRequest } from "../../helpers/scripted-server.ts";
import { openFake } from "./fake.ts";
import { leapingClock, never, openWorld } from "./world.ts";

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.UTC(2026, 9, 15, 12);

interface Logged {
  readonly id: string;
  readonly atMs: number;
  readonly record: Readonly<Record<string, unknown>>;
}

type Dice = <T>(...sides: readonly T[]) => T;

/** How a server of one scenario behaves as long as it lives. */
interface Manners {
  readonly perPage: number;
  readonly navigation: "whole" | "absent" | "null" | "bare" | "relative" | "foreign" | "stripped" | "short";
  readonly totals: "none" | "right" | "pages" | "too many" | "too few" | "changing";
  readonly paging: boolean;
  readonly overlap: boolean;
  readonly startless: boolean;
  readonly passing: number;
  readonly lasting: "none" | "repeat" | "wrong number" | "null" | "html" | "no list";
}

function mannersOf(dice: Dice): Manners {
  const navigation = dice(
    "whole",
    "absent",
    "null",
    "bare",
    "relative",
    "foreign",
    "stripped",
    "short",
  ) as Manners["navigation"];
  const totals = dice("none", "right", "pages", "too many", "too few", "changing") as Manners["totals"];
  return {
    perPage: dice(1, 2, 5, 9),
    navigation,
    // A page that names no next one, and has no totals beside it, says in so many words that it is the last.
    totals: navigation === "short" ? dice("right", "pages") : totals,
    // Without any word on pages, a page that repeats is what a server gives that knows none.
    paging: navigation === "absent" || navigation === "null" || dice(true, false),
    overlap: dice(true, false, false),
    startless: dice(true, false, false),
    passing: dice(0, 0, 0.15),
    lasting: dice(
      "none",
      "none",
      "none",
      "none",
      "repeat",
      "wrong number",
      "null",
      "html",
      "no list",
    ) as Manners["lasting"],
  };
}

function callsOf(dice: Dice, startless: boolean): Logged[] {
  return Array.from({ length: dice(0, 1, 3, 10, 31) }, (_, at) => {
    const atMs = now - 2 * day + at * hour;
    const id = `c${at}`;
    const start = startless && at % 4 === 1 ? {} : { startTime: new Date(atMs).toISOString() };
    return { id, atMs, record: { id, sessionId: id, duration: 60, recording: { id: `r${id}` }, ...start } };
  });
}

function rudeServer(calls: readonly Logged[], manners: Manners, random: () => number) {
  let requests = 0;
  return (request: SeenRequest, origin: string): ScriptedAnswer => {
    requests += 1;
    const page = Number(request.query.get("page") ?? 1);
    const fromMs = Date.parse(request.query.get("dateFrom") ?? "2026-10-15");
    const toMs = Date.parse(request.query.get("dateTo") ?? "2026-10-15");
    const found = calls.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).reverse();
    const right = answerOf(found, page, request, origin, manners, requests);
    const fault =
      random() < manners.passing ? pick(["html", "null", "json", "503", "cut", "repeat", "wrong number"], random) : "";
    return spoiled(right, fault !== "" ? fault : page === 2 ? manners.lasting : "none", page, found, manners);
  };
}

function answerOf(
  found: readonly Logged[],
  page: number,
  request: SeenRequest,
  origin: string,
  manners: Manners,
  requests: number,
) {
  const { perPage, totals, overlap } = manners;
  const first = (page - 1) * perPage;
  const records = found.slice(overlap && page > 1 ? first - 1 : first, first + perPage).map(({ record }) => record);
  const more = found.length > page * perPage;
  const next = new URL(request.url, origin);
  next.searchParams.set("page", String(page + 1));
  const totalElements = {
    none: undefined,
    right: found.length,
    pages: undefined,
    "too many": found.length + 1,
    "too few": Math.max(0, found.length - 1),
    changing: found.length + (requests % 2),
  }[totals];
  const totalPages =
    totals === "pages" || totals === "right" ? Math.max(1, Math.ceil(found.length / perPage)) : undefined;
  const paging = {
    ...(manners.paging && { page, perPage }),
    ...(totalElements !== undefined && { totalElements }),
    ...(totalPages !== undefined && { totalPages }),
  };
  return { records, paging, ...navigationOf(manners.navigation, next, more) };
}

function navigationOf(manner: Manners["navigation"], next: URL, more: boolean) {
  if (manner === "absent") return {};
  if (manner === "null") return { navigation: null };
  if (!more || manner === "short") return { navigation: {} };
  if (manner === "bare") return { navigation: { nextPage: {} } };
  if (manner === "relative") return { navigation: { nextPage: { uri: next.pathname + next.search } } };
  if (manner === "foreign") next.host = "elsewhere.example";
  if (manner === "stripped") next.search = `?page=${next.searchParams.get("page")}`;
  return { navigation: { nextPage: { uri: next.href } } };
}

function spoiled(
  right: { records: unknown; paging: object },
  fault: string,
  page: number,
  found: readonly Logged[],
  { perPage }: Manners,
): ScriptedAnswer {
  if (fault === "html") return { headers: { "content-type": "text/html" }, body: "<html>Welcome to our Wi-Fi</html>" };
  if (fault === "json") return { body: { errorCode: "CMN-201", message: "Service is temporarily unavailable" } };
  if (fault === "503") return { status: 503 };
  if (fault === "cut") return { body: JSON.stringify(right).slice(0, -2) };
  if (fault === "null") return { body: { ...right, records: null } };
  if (fault === "no list") return { body: { ...right, records: { 0: "x" } } };
  if (fault === "wrong number") return { body: { ...right, paging: { ...right.paging, page: page + 1 } } };
  if (fault === "repeat" && page > 1) {
    return {
      body: { ...right, records: found.slice((page - 2) * perPage, (page - 1) * perPage).map(({ record }) => record) },
    };
  }
  return { body: right };
}

function pick<T>(sides: readonly T[], random: () => number): T {
  return sides[Math.floor(random() * sides.length)] as T;
}

async function play(seed: number) {
  const random = seededRandom(`rude ${seed}`);
  const dice: Dice = (...sides) => pick(sides, random);
  const manners = mannersOf(dice);
  const calls = callsOf(dice, manners.startless);
  const answer = rudeServer(calls, manners, random);
  await using fake = await openFake({ limit: 1_000_000, windowMs: 60_000 });
  fake.settings.answer = (request) => (request.path.endsWith("/call-log") ? answer(request, fake.origin) : undefined);
  await using world = openWorld({ server: fake.origin, mediaServer: fake.origin }, {}, leapingClock(now));
  await using source = openRingCentral(world.settings, world.context);
  const ids: string[] = [];
  let error: unknown;
  try {
    for await (const { rows } of source.list!({ fromMs: now - 3 * day, toMs: now - hour }, never)) {
      ids.push(...rows.map(({ fields }) => String(fields.id)));
    }
  } catch (thrown) {
    error = thrown;
  }
  const warned = world.events.some((event) => event.event === "notice" && /no readable start/.test(event.message));
  return { seed, manners, wanted: calls.map(({ id }) => id), calls, ids, error, warned };
}

const seeds = Array.from({ length: 150 }, (_, seed) => seed);

test("a rude call log is listed whole or not at all", async () => {
  let whole = 0;
  for (const seed of seeds) {
    const { manners, wanted, ids, error, calls, warned } = await play(seed);
    const scenario = JSON.stringify({ seed, ...manners, calls: wanted.length, error: String(error) });
    if (error === undefined) {
      expect(ids.toSorted(), scenario).toEqual(wanted.toSorted());
      if (calls.some(({ record }) => !("startTime" in record))) expect(warned, scenario).toBe(true);
      whole += 1;
    } else expect(error, scenario).toMatchObject({ code: expect.stringMatching(/^(bad-answer|server-error)$/) });
    const harmless =
      manners.lasting === "none" &&
      manners.passing === 0 &&
      ["none", "right", "pages", "too few"].includes(manners.totals);
    if (harmless) expect(error, scenario).toBeUndefined();
  }
  expect(whole).toBeGreaterThan(seeds.length / 2);
});
