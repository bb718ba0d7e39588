import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRingCentralSandbox, type RingCentralSandbox } from "../../../src/sandbox/ringcentral/index.ts";
import { type Body, clientOf, codeOf } from "./client.ts";

let sandbox: RingCentralSandbox;
let client: ReturnType<typeof clientOf>;
beforeEach(async () => {
  sandbox = await openRingCentralSandbox({
    data: { recordings: 170 },
    settings: { limits: { heavy: { limit: 10_000 } } },
  });
  client = clientOf(sandbox);
  await client.login();
});
afterEach(() => sandbox.close());

const from = () => `dateFrom=${new Date(sandbox.clock.now() - 40 * 86_400_000).toISOString()}`;

async function readAll(query: string): Promise<{ records: Body[]; pages: Body[] }> {
  const pages: Body[] = [];
  for (let uri: string | undefined = `/call-log?${query}`; uri !== undefined; ) {
    const page: Body = await client.json(uri);
    pages.push(page);
    uri = page.navigation.nextPage?.uri;
  }
  return { records: pages.flatMap((page) => page.records), pages };
}

const idsOf = (records: Body[]) => records.map((record) => record.id);

describe("the call log", () => {
  it("shows the last day by default", async () => {
    const { records } = await readAll("");
    const day = sandbox.clock.now() - 86_400_000;
    expect(records.length).toBeGreaterThan(0);
    expect(records.every((record) => Date.parse(record.startTime) >= day)).toBe(true);
    expect((await readAll(from())).records.length).toBe(200);
  });

  it("pages newest first, follows absolute links that repeat the filters, and shows each record once", async () => {
    const { records, pages } = await readAll(`${from()}&perPage=30&type=Voice&view=Detailed`);
    expect(new Set(idsOf(records)).size).toBe(190);
    const times = records.map((record) => Date.parse(record.startTime));
    expect(times).toEqual(times.toSorted((one, other) => other - one));
    expect(pages[1].navigation.nextPage.uri).toMatch(/^http:.*\/call-log\?.*type=Voice/);
    expect(pages[2].paging).toEqual({ page: 3, perPage: 30, pageStart: 60, pageEnd: 89 });
  });

  it("caps perPage, at 250 in Detailed, and tells the effective value", async () => {
    expect((await client.json(`/call-log?${from()}&perPage=5000`)).paging.perPage).toBe(1_000);
    expect((await client.json(`/call-log?${from()}&perPage=max&view=Detailed`)).paging.perPage).toBe(250);
    sandbox.settings.callLog.maxPerPageDetailed = 1_000;
    expect((await client.json(`/call-log?${from()}&perPage=max&view=Detailed`)).paging.perPage).toBe(1_000);
  });

  it("gives totals only when told to, and an empty page without its numbers", async () => {
    sandbox.settings.callLog.totals = true;
    expect((await client.json(`/call-log?${from()}&perPage=60`)).paging).toMatchObject({
      totalPages: 4,
      totalElements: 200,
    });
    const beyond = await client.json(`/call-log?${from()}&page=99`);
    expect(beyond.records).toEqual([]);
    expect(beyond.paging).not.toHaveProperty("pageStart");
    expect(beyond.navigation).not.toHaveProperty("nextPage");
  });

  it("filters by recording, direction, type, number, extension and session", async () => {
    const count = async (query: string) => (await readAll(`${from()}&perPage=1000&${query}`)).records.length;
    expect(await count("recordingType=All")).toBe(160);
    expect(await count("recordingType=OnDemand")).toBe(10);
    expect(await count("withRecording=true")).toBe(200);
    sandbox.settings.callLog.withRecording = "honoured";
    expect(await count("withRecording=true")).toBe(160);
    expect(await count("type=Fax")).toBe(10);
    expect(await count("type=Voice&type=Fax")).toBe(200);
    expect(await count("type=Voice,Fax")).toBe(0);
    expect((await count("direction=Inbound")) + (await count("direction=Outbound"))).toBe(200);
    const [record] = (await readAll(`${from()}&direction=Inbound&type=Fax`)).records;
    const phone = record.from.phoneNumber.slice(1);
    expect(await count(`phoneNumber=${phone}`)).toBeGreaterThan(0);
    expect(await count(`phoneNumber=%2B${phone}`)).toBe(0);
    expect(await count("extensionNumber=101")).toBe(
      (await client.json(`/extension/~/call-log?${from()}&perPage=1000`)).records.length,
    );
    expect(await count(`sessionId=${record.sessionId}`)).toBe(1);
    const shared = (await readAll(`${from()}&perPage=1000`)).records.map((each) => each.telephonySessionId);
    expect(new Set(shared).size).toBe(190);
  });

  it("refuses bad values by name", async () => {
    for (const query of [
      "dateFrom=yesterday",
      "dateTo=2026-13-01",
      "view=Full",
      "perPage=0",
      "page=x",
      "recordingType=Any",
    ]) {
      const answer = await client.get(`/call-log?${query}`);
      const body: Body = await answer.json();
      expect([answer.status, body.errorCode, body.errors[0].errorCode]).toEqual([400, "InvalidParameter", "CMN-101"]);
      expect(body.errors[0].parameterName).toBe(query.split("=")[0]);
    }
    expect(await codeOf(await client.get("/call-log?sessionId=1&extensionNumber=2"))).toBe("CLG-110");
    sandbox.settings.answers.topLevelCode = "nested";
    expect((await client.json("/call-log?page=0")).errorCode).toBe("CMN-101");
  });

  it("takes years, months, days, offsets and seconds as dates", async () => {
    for (const date of ["2026", "2026-10", "2026-10-01", "2026-10-01T10:00:00%2B02:00", "2026-10-01T10:00:00.123Z"]) {
      expect((await client.get(`/call-log?dateFrom=${date}`)).status).toBe(200);
    }
  });

  it("refuses an app without the scope and a user without the role", async () => {
    sandbox.settings.app.scopes = ["ReadAccounts"];
    const app: Body = await client.json("/call-log");
    expect(app).toMatchObject({ errorCode: "InsufficientPermissions", permissionName: "ReadCallLog" });
    sandbox.settings.app.scopes = ["ReadCallRecording"];
    expect((await client.get("/call-log")).status).toBe(200);
    await client.login(sandbox.users[1]!.jwt);
    const user = await client.get("/call-log");
    expect([user.status, await codeOf(user)]).toEqual([403, "CMN-408"]);
    expect((await client.get("/extension/~/call-log")).status).toBe(200);
    expect((await client.json("/extension/~/authz-profile/check?permissionId=FullCompanyCallLog")).successful).toBe(
      false,
    );
  });
});

describe("an extension's call log", () => {
  const colleague = () => sandbox.users[1]!.extensionId;

  it("is open to the user and, by id, to whoever may read the company's log", async () => {
    const theirs = await client.json(`/extension/${colleague()}/call-log?${from()}&perPage=1000`);
    expect(theirs.records.length).toBeGreaterThan(0);
    expect(theirs.records.every((record: Body) => String(record.extension.id) === colleague())).toBe(true);
    expect(await client.json(`/extension/${colleague()}`)).toMatchObject({ extensionNumber: "102", name: "Ben Agent" });
    expect(await codeOf(await client.get("/extension/999/call-log"))).toBe("CMN-102");
    await client.login(sandbox.users[1]!.jwt);
    expect(await codeOf(await client.get(`/extension/${sandbox.users[0]!.extensionId}/call-log`))).toBe("CMN-408");
  });

  it("can be synchronised and read record by record too", async () => {
    const own = await client.json("/extension/~/call-log-sync?syncType=FSync&recordCount=200");
    expect(own.records.length).toBeGreaterThan(0);
    expect(own.records.every((record: Body) => record.extension.id === 62264425008)).toBe(true);
    expect((await client.get(`/extension/~/call-log/${own.records[0].id}`)).status).toBe(200);
    expect((await client.get(`/extension/${colleague()}/call-log/${own.records[0].id}`)).status).toBe(404);
  });
});

describe("call-log records", () => {
  const detailed = async () => (await readAll(`${from()}&perPage=250&view=Detailed`)).records;
  const recordingsIn = (record: Body) =>
    [record, ...record.legs].flatMap((each: Body) => (each.recording ? [each.recording.id] : []));

  it("speak of every recording of the account, on the record, on a leg, or on both", async () => {
    const ids = (await detailed()).flatMap(recordingsIn);
    expect(new Set(ids)).toEqual(new Set(sandbox.recordings().map(({ id }) => id)));
    expect(new Set(ids).size).toBe(170);
  });

  it("show each kind that the vendor's log has", async () => {
    const records = await detailed();
    const has = (test: (record: Body) => boolean) => expect(records.filter(test).length).toBeGreaterThan(0);
    has((record) => record.shortRecording === true && !record.recording);
    has((record) => !record.recording && recordingsIn(record).length === 1);
    has((record) => new Set(recordingsIn(record)).size === 2);
    has((record) => recordingsIn(record).length > 1 && new Set(recordingsIn(record)).size === 1);
    has((record) => record.from.phoneNumber === undefined && record.to.phoneNumber === undefined);
    has((record) => /X{4}$/.test(record.from.phoneNumber ?? ""));
    has((record) => /[^\x20-\x7e]/.test(record.from.name));
    has((record) => record.duration === undefined);
    has((record) => record.type === "Fax");
    has((record) => record.lastModifiedTime !== undefined);
  });

  it("write the default port into a contentUri when the base has none", async () => {
    sandbox.settings.callLog.contentBase = "https://media.ringcentral.com";
    const uris = (await detailed()).flatMap((record) => (record.recording ? [record.recording.contentUri] : []));
    expect(uris.some((uri) => uri.startsWith("https://media.ringcentral.com:443/restapi/"))).toBe(true);
    expect(uris.some((uri) => uri.startsWith("https://media.ringcentral.com/restapi/"))).toBe(true);
  });

  it("are read one by one", async () => {
    const [first] = await detailed();
    expect(await client.json(`/call-log/${first.id}?view=Detailed`)).toEqual(first);
    expect((await client.get("/call-log/AAAAAAAAAAAAAAA")).status).toBe(404);
  });

  it("are provisional while the call runs, and rewritten under the same id", async () => {
    sandbox.settings.callLog.provisional = { chosen: "all", completeAfterSeconds: 30 };
    const call = sandbox.calls.add(sandbox.clock.now() - 6_000, { durationSeconds: 60 });
    const running = await client.json(`/call-log/${call.recordId}`);
    expect(running).toMatchObject({ result: "In Progress" });
    expect(running).not.toHaveProperty("recording");
    sandbox.clock.advance(90_000);
    const done = await client.json(`/call-log/${call.recordId}`);
    expect(done.result).not.toBe("In Progress");
    expect(done.recording.id).toBe(call.recordings[0]);
  });

  it("are listed some seconds after the call ends, and may get their recording later still", async () => {
    sandbox.settings.callLog.lateRecording = { chosen: "all", afterSeconds: 120 };
    const call = sandbox.calls.add(sandbox.clock.now() - 60_000, { durationSeconds: 60 });
    expect((await client.get(`/call-log/${call.recordId}`)).status).toBe(404);
    sandbox.clock.advance(21_000);
    expect(await client.json(`/call-log/${call.recordId}`)).not.toHaveProperty("recording");
    sandbox.clock.advance(100_000);
    expect(await client.json(`/call-log/${call.recordId}`)).toHaveProperty("recording");
  });

  it("vanish when deleted, unless deleted ones are asked for", async () => {
    const [first] = await detailed();
    sandbox.settings.callLog.deleted = { ids: [first.id] };
    expect(idsOf(await detailed())).not.toContain(first.id);
    expect((await readAll(`${from()}&showDeleted=true`)).records.length).toBe(200);
  });

  it("drift between pages while new calls arrive, and repeat when told to", async () => {
    sandbox.settings.callLog.driftPerPage = 2;
    const drifted = await readAll(`${from()}&perPage=50`);
    expect(drifted.records.length).toBeGreaterThan(new Set(idsOf(drifted.records)).size);
    sandbox.settings.callLog.driftPerPage = 0;
    sandbox.settings.callLog.duplicates = true;
    const { pages } = await readAll(`${from()}&perPage=50`);
    expect(pages[1].records[0].id).toBe(pages[0].records.at(-1).id);
  });
});

describe("deep pages", () => {
  it("begin where the page before ended, however many there are and in either order", async () => {
    const ids = (await readAll(`${from()}&perPage=1000`)).records.map((record) => record.id);
    expect(idsOf((await readAll(`${from()}&perPage=1&type=Voice&type=Fax`)).records)).toEqual(ids);
    expect((await client.json(`/call-log?${from()}&perPage=7&page=20`)).records[0].id).toBe(ids[133]);
    sandbox.settings.callLog.order = "oldest";
    expect(idsOf((await readAll(`${from()}&perPage=30`)).records)).toEqual(ids.toReversed());
    sandbox.settings.callLog.maxPage = 3;
    expect((await client.get(`/call-log?${from()}&perPage=30&page=4`)).status).toBe(400);
  });
});

describe("a log of a million records", () => {
  it("is computed as it is read: its first and last pages come at once", async () => {
    const large = await openRingCentralSandbox({ data: { recordings: 1_000_000, days: 365, layout: "plain" } });
    try {
      const reader = clientOf(large);
      await reader.login();
      const first = await reader.json("/call-log?dateFrom=2000&perPage=1000");
      expect(first.records.length).toBe(1_000);
      const oldest = new Date(large.clock.now() - 364.99 * 86_400_000).toISOString();
      const last = await reader.json(`/call-log?dateFrom=2000&dateTo=${oldest}&perPage=1000`);
      expect(last.records.at(-1).recording.id).toBe("10000000000");
      expect((await reader.content("10000999999")).status).toBe(200);
      expect((await reader.content("10001000000")).status).toBe(404);
    } finally {
      await large.close();
    }
  });
});
