import { expect, test } from "vitest";
import type { Selection } from "../../../src/core/model/ports.ts";
import { openRingCentral } from "../../../src/sources/ringcentral/index.ts";
import type { ScriptedAnswer, SeenRequest } from "../../helpers/scripted-server.ts";
import { openFake } from "./fake.ts";
import { leapingClock, never, openWorld, type World } from "./world.ts";

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.UTC(2026, 9, 15, 12);

interface Logged {
  id: string;
  startTime: string;
  [field: string]: unknown;
}

const call = (id: string, startMs: number, fields = {}): Logged => ({
  id,
  sessionId: id,
  startTime: new Date(startMs).toISOString(),
  duration: 60,
  recording: { id: `401${id}` },
  ...fields,
});

/** The call log as the API gives it: newest first, in pages that name the next one. */
function callLog(calls: () => readonly Logged[], origin: () => string, perPage = 250) {
  return ({ query, path, url }: SeenRequest): ScriptedAnswer => {
    const fromMs = Date.parse(query.get("dateFrom")!);
    const toMs = Date.parse(query.get("dateTo")!);
    const found = calls()
      .filter(({ startTime }) => Date.parse(startTime) >= fromMs && Date.parse(startTime) <= toMs)
      .sort((one, other) => Date.parse(other.startTime) - Date.parse(one.startTime));
    const page = Number(query.get("page") ?? 1);
    const next = new URL(url, origin());
    next.searchParams.set("page", String(page + 1));
    const more = found.length > page * perPage;
    const records = found.slice((page - 1) * perPage, page * perPage);
    return { body: { uri: path, records, navigation: more ? { nextPage: { uri: next.href } } : {} } };
  };
}

async function list(
  answer: (request: SeenRequest, origin: string) => ScriptedAnswer | undefined,
  selection: Selection,
  changes: Partial<World["settings"]> = {},
) {
  await using fake = await openFake({ limit: 1_000_000, windowMs: 60_000 });
  fake.settings.answer = (request) => (request.path.includes("oauth") ? undefined : answer(request, fake.origin));
  await using world = openWorld({ server: fake.origin, mediaServer: fake.origin }, changes, leapingClock(now));
  await using source = openRingCentral(world.settings, world.context);
  const ids: unknown[] = [];
  let error: unknown;
  let largest = 0;
  try {
    for await (const { rows } of source.list!(selection, never)) {
      largest = Math.max(largest, rows.length);
      for (const row of rows) ids.push(row.fields.id);
    }
  } catch (thrown) {
    error = thrown;
  }
  const requests = fake.server.seen.filter(({ path }) => path.endsWith("/call-log"));
  return { ids, error, largest, requests, events: world.events };
}

test("lists oldest first over windows and pages, each record once", async () => {
  const calls = Array.from({ length: 900 }, (_, at) => call(String(at), now - 3 * day + at * 280_000));
  let origin = "";
  const log = callLog(
    () => [...calls, ...calls.slice(300, 320)],
    () => origin,
  );
  const { ids, error, requests } = await list(
    (request, at) => {
      origin = at;
      return log(request);
    },
    { fromMs: now - 3 * day, toMs: now },
  );
  expect(error).toBeUndefined();
  expect(ids).toEqual(calls.map(({ id }) => id));
  const first = requests[0]!.query;
  expect(Object.fromEntries(first)).toMatchObject({ recordingType: "All", view: "Detailed", perPage: "250" });
  expect(requests.length).toBe(6);
});

test("pins the end in the past and asks no further than now", async () => {
  const { requests } = await list(
    callLog(
      () => [],
      () => "http://x",
    ),
    { fromMs: now - 5 * hour, toMs: now + day },
  );
  expect(Date.parse(requests.at(-1)!.query.get("dateTo")!)).toBeLessThanOrEqual(now);
});

test("keeps exactly to the instants asked for", async () => {
  const fromMs = now - 5 * hour + 500;
  const toMs = now - 2 * hour + 500;
  const calls = [fromMs - 1, fromMs, toMs - 1, toMs].map((at, index) => call(String(index), at));
  const { ids } = await list(
    callLog(
      () => calls,
      () => "http://x",
    ),
    { fromMs, toMs },
  );
  expect(ids).toEqual(["1", "2"]);
});

test("asks RingCentral for what it can filter, and filters the rest itself", async () => {
  const calls = [call("short", now - hour, { duration: 4 }), call("long", now - 2 * hour, { duration: 44 })];
  const selection = { fromMs: now - day, direction: "outbound", recordingType: "ondemand" } as const;
  const log = callLog(
    () => calls,
    () => "http://x",
  );
  const { ids, requests } = await list(log, { ...selection, number: "+1 (555) 010-0002", minDurationSeconds: 10 });
  expect(ids).toEqual(["long"]);
  expect(Object.fromEntries(requests[0]!.query)).toMatchObject({
    direction: "Outbound",
    recordingType: "OnDemand",
    phoneNumber: "15550100002",
  });
});

test("filters by number itself beside an extension, which the API takes only alone", async () => {
  const calls = [
    call("with", now - hour, { to: { phoneNumber: "+15550100002" } }),
    call("without", now - hour, { to: { phoneNumber: "+15550100003" } }),
  ];
  const log = callLog(
    () => calls,
    () => "http://x",
  );
  const { ids, requests } = await list(log, { fromMs: now - day, number: "+15550100002", extension: "101" });
  expect(ids).toEqual(["with"]);
  expect(requests[0]!.query.get("extensionNumber")).toBe("101");
  expect(requests[0]!.query.get("phoneNumber")).toBeNull();
});

test("never takes a listing that fails for a short one", async () => {
  const calls = Array.from({ length: 600 }, (_, at) => call(String(at), now - day + at * 1000));
  let origin = "";
  const log = callLog(
    () => calls,
    () => origin,
  );
  const failing = (request: SeenRequest, at: string) => {
    origin = at;
    return request.query.get("page") === "2" ? { status: 502, body: "bad gateway" } : log(request);
  };
  const { ids, error, requests } = await list(failing, { fromMs: now - day });
  expect(error).toMatchObject({ code: "server-error" });
  expect(ids).toEqual([]);
  expect(requests.filter(({ query }) => query.get("page") === "2")).toHaveLength(6);
});

test("repeats a page that fails for a moment", async () => {
  let failures = 0;
  const log = callLog(
    () => [call("1", now - hour)],
    () => "http://x",
  );
  const flaky = (request: SeenRequest): ScriptedAnswer => {
    failures += 1;
    if (failures === 1) return { hangUp: true };
    if (failures === 2) return { status: 503, headers: { "retry-after": "3" } };
    if (failures === 3) return { body: "<html>a proxy's page</html>" };
    if (failures === 4) return { body: { records: "none" } };
    return log(request);
  };
  const { ids, error } = await list(flaky, { fromMs: now - day });
  expect(error).toBeUndefined();
  expect(ids).toEqual(["1"]);
});

test("says soon that a host is not there", async () => {
  const changes = { server: "http://127.0.0.1:1" };
  const { error } = await list(() => undefined, { fromMs: now - day }, changes);
  expect(error).toMatchObject({ code: "unreachable", message: expect.stringContaining("127.0.0.1:1") });
});

test("sends the token for the next page to our own host only", async () => {
  const paging = ({ query }: SeenRequest): ScriptedAnswer => {
    if (query.get("page") === "2") return { body: { records: [call("2", now - hour)] } };
    const uri = "https://elsewhere.example/restapi/v1.0/account/~/call-log?page=2";
    return { body: { records: [call("1", now - hour)], navigation: { nextPage: { uri } } } };
  };
  const { ids } = await list(paging, { fromMs: now - day });
  expect(ids).toEqual(["1", "2"]);
});

test("gives up on pages without an end", async () => {
  const endless = ({ url }: SeenRequest, origin: string): ScriptedAnswer => ({
    body: { records: [], navigation: { nextPage: { uri: origin + url } } },
  });
  expect((await list(endless, { fromMs: now - day })).error).toMatchObject({ code: "bad-answer" });
});

test("lists the user's own calls when the company's are refused, and says so", async () => {
  const log = callLog(
    () => [call("1", now - hour)],
    () => "http://x",
  );
  const refusing = (request: SeenRequest): ScriptedAnswer =>
    request.path.includes("/extension/") ? log(request) : { status: 403, body: { errorCode: "CMN-408" } };
  const { ids, events } = await list(refusing, { fromMs: now - day });
  expect(ids).toEqual(["1"]);
  expect(events.filter(({ event }) => event === "notice")).toEqual([
    expect.objectContaining({ level: "warning", message: expect.stringContaining("own calls only") }),
  ]);
});

test("a company's log that is refused after some of it was read is no reason to list less", async () => {
  for (const refusedFrom of [2, 3]) {
    const paging = ({ query, path }: SeenRequest, origin: string): ScriptedAnswer => {
      const page = Number(query.get("page") ?? 1);
      if (!path.includes("/extension/") && page >= refusedFrom) return { status: 403, body: { errorCode: "CMN-408" } };
      const next = { nextPage: { uri: `${origin}${path}?page=${page + 1}` } };
      return { body: { records: [call(String(page), now - hour)], navigation: page < 3 ? next : {} } };
    };
    const { error, ids } = await list(paging, { fromMs: now - day });
    expect([ids, error]).toEqual([[], expect.objectContaining({ code: "permission-refused" })]);
  }
});

test("an answer that names an error is no list, whatever its status and however empty", async () => {
  const errors = [{ errorCode: "CMN-211" }, { errors: [{ errorCode: "CMN-211" }] }];
  for (const body of errors.map((each) => ({ ...each, records: [], navigation: {} }))) {
    const { error } = await list(() => ({ body }), { fromMs: now - day });
    expect(error).toMatchObject({ code: "bad-answer", message: expect.stringContaining("CMN-211") });
  }
});

test("calls that began far outside of the time asked for are left out, which is told", async () => {
  const starts = [now - 9 * hour, now - 3 * hour, now + 9 * hour, now - 4 * hour - 500];
  const records = starts.map((startMs, at) => call(String(at), startMs));
  const { ids, events } = await list(() => ({ body: { records, navigation: {} } }), { fromMs: now - 4 * hour });
  expect(ids).toEqual(["1"]);
  expect(events.filter(({ event }) => event === "notice")).toEqual([
    expect.objectContaining({
      level: "warning",
      message: expect.stringMatching(/^2 of the listed calls began outside/),
    }),
  ]);
});

test("the next page is asked for with the filters of the first, whatever its address says", async () => {
  const paging = ({ query, path }: SeenRequest, origin: string): ScriptedAnswer => {
    if (query.get("page") === "2") return { body: { records: [call("2", now - hour)] } };
    const other = "dateFrom=2026-10-15T00:00:00Z&recordingType=OnDemand&direction=Outbound&perPage=100&page=2";
    const navigation = { nextPage: { uri: `${origin}${path}?${other}` } };
    return { body: { records: [call("1", now - hour)], navigation } };
  };
  const { requests } = await list(paging, { fromMs: now - hour, direction: "inbound" });
  const [first, second] = requests.map(({ query }) => Object.fromEntries(query));
  expect(second).toEqual({ ...first, page: "2", perPage: "100" });
});

test("stops when the app or the user may list nothing at all", async () => {
  const scope = {
    errorCode: "InsufficientPermissions",
    errors: [{ errorCode: "CMN-401", permissionName: "ReadCallLog" }],
  };
  const unscoped = await list(() => ({ status: 403, body: scope }), { fromMs: now - day });
  expect(unscoped.error).toMatchObject({ code: "permission-refused", message: expect.stringContaining("ReadCallLog") });
  const unallowed = await list(() => ({ status: 403, body: { errorCode: "CMN-408" } }), { fromMs: now - day });
  expect(unallowed.error).toMatchObject({ code: "permission-refused" });
});

test("finds a recording that came late by going back a look-back before the last end", async () => {
  let calls: Logged[] = [call("early", now - 3 * hour)];
  const log = callLog(
    () => calls,
    () => "http://x",
  );
  const first = await list(log, { fromMs: now - day, toMs: now - hour });
  calls = [...calls, call("late", now - 2 * hour)];
  const second = await list(log, { fromMs: now - hour - day });
  expect(first.ids).toEqual(["early"]);
  expect(second.ids).toEqual(["early", "late"]);
});

test("spends few requests on quiet times", async () => {
  const log = callLog(
    () => [],
    () => "http://x",
  );
  const { requests } = await list(log, { fromMs: now - 90 * day, toMs: now });
  expect(requests.length).toBeLessThan(12);
});

test("makes windows of busy times so short that they can be sorted, at the price of one request", async () => {
  let origin = "";
  const calls = Array.from({ length: 25_000 }, (_, at) => call(String(at), now - day + at * 3400));
  const log = callLog(
    () => calls,
    () => origin,
  );
  const { ids, largest, requests } = await list(
    (request, at) => {
      origin = at;
      return log(request);
    },
    { fromMs: now - day },
  );
  expect(ids).toEqual(calls.map(({ id }) => id));
  expect(largest).toBeLessThanOrEqual(1000);
  expect(requests.length).toBeLessThan(110);
});

test("gives each call its extension's number from the account's list, which is read once and only where it is needed", async () => {
  const own = (extensionId: string) => ({ direction: "Inbound", to: { phoneNumber: "+1", extensionId } });
  const calls = [
    call("1", now - hour, own("62")),
    call("2", now - 2 * hour, own("63")),
    call("3", now - 3 * hour, own("9")),
  ];
  const log = callLog(
    () => calls,
    () => "http://x",
  );
  let asked = 0;
  const refs: unknown[] = [];
  await using fake = await openFake({ limit: 1_000_000, windowMs: 60_000 });
  fake.settings.answer = (request) => {
    if (request.path.endsWith("/call-log")) return log(request);
    if (!request.path.endsWith("/extension")) return undefined;
    asked += 1;
    return {
      body: { records: [{ id: 62, extensionNumber: "101" }, null, { id: 63, extensionNumber: "102" }], navigation: {} },
    };
  };
  await using world = openWorld({ server: fake.origin, mediaServer: fake.origin }, {}, leapingClock(now));
  await using source = openRingCentral(world.settings, world.context);
  for await (const { rows } of source.list!({ fromMs: now - day }, never)) {
    for (const row of rows) refs.push(source.recordings(row).refs[0]?.call.extension);
  }
  expect(refs).toEqual([undefined, "102", "101"]);
  expect(asked).toBe(1);
});

test("lists calls all the same where the account's extensions cannot be read", async () => {
  const log = callLog(
    () => [call("1", now - hour, { direction: "Outbound", from: { extensionId: "62" } })],
    () => "http://x",
  );
  const refusing = (request: SeenRequest): ScriptedAnswer =>
    request.path.endsWith("/call-log") ? log(request) : { status: 403, body: { errorCode: "CMN-401" } };
  const { ids, error, events } = await list(refusing, { fromMs: now - day });
  expect([ids, error]).toEqual([["1"], undefined]);
  expect(events).toContainEqual(expect.objectContaining({ event: "notice", level: "info" }));
});

test("an account that RingCentral does not find ends the run as a wrong login", async () => {
  const body = { errorCode: "CMN-102", message: "Resource for parameter [accountId] is not found" };
  const { error } = await list(() => ({ status: 404, body }), { fromMs: now - day });
  expect(error).toMatchObject({ code: "login-refused", message: expect.stringContaining("belongs to another one") });
});

test("a question that RingCentral does not accept is a matter of usage, and a limit in a 200 is waited for", async () => {
  const refusal = {
    errorCode: "InvalidParameter",
    errors: [{ errorCode: "CMN-101", parameterName: "extensionNumber" }],
  };
  const { error } = await list(() => ({ status: 400, body: refusal }), { fromMs: now - day });
  expect(error).toMatchObject({
    code: "usage",
    message: expect.stringMatching(/HTTP 400, .*CMN-101.*extensionNumber/),
  });
  let limited = 0;
  const log = callLog(
    () => [call("1", now - hour)],
    () => "http://x",
  );
  const limiting = (request: SeenRequest): ScriptedAnswer =>
    limited++ === 0 ? { status: 200, body: { errorCode: "CMN-301", message: "Request rate exceeded" } } : log(request);
  expect((await list(limiting, { fromMs: now - day })).ids).toEqual(["1"]);
});

test("a part of a list, and a next page that cannot be read, are no end of a list; lost digits are no id", async () => {
  const records = [call("1", now - hour)];
  const part = await list(() => ({ status: 206, body: { records, navigation: {} } }), { fromMs: now - day });
  expect([part.ids, part.error]).toEqual([[], expect.objectContaining({ code: "http-error" })]);
  for (const nextPage of ["elsewhere", 2, []]) {
    const { error } = await list(() => ({ status: 200, body: { records, navigation: { nextPage } } }), {
      fromMs: now - day,
    });
    expect(error).toMatchObject({ code: "bad-answer" });
  }
});

test("a call that began in no possible year is taken, and told", async () => {
  const records = [call("1", now - hour), { ...call("2", now), startTime: "0001-01-01T00:00:00Z" }];
  const { ids, events } = await list(() => ({ body: { records, navigation: {} } }), { fromMs: now - day });
  expect(ids.sort()).toEqual(["1", "2"]);
  expect(events).toContainEqual(expect.objectContaining({ message: expect.stringMatching(/no readable start/) }));
});
