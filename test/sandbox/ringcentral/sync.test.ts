import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRingCentralSandbox, type RingCentralSandbox } from "../../../src/sandbox/ringcentral/index.ts";
import { type Body, clientOf, codeOf } from "./client.ts";

let sandbox: RingCentralSandbox;
let client: ReturnType<typeof clientOf>;
beforeEach(async () => {
  sandbox = await openRingCentralSandbox({
    data: { recordings: 600, layout: "plain", days: 40 },
    settings: { limits: { heavy: { limit: 10_000 } } },
  });
  client = clientOf(sandbox);
  await client.login();
});
afterEach(() => sandbox.close());

const addCalls = (count: number) => {
  for (let index = 0; index < count; index++)
    sandbox.calls.add(sandbox.clock.now() - 30_000 - index, { durationSeconds: 30 });
};
const monthAgo = () => sandbox.clock.now() - 30 * 86_400_000;

describe("call-log-sync", () => {
  it("gives the newest records first, then only those that changed since", async () => {
    const full = await client.json("/call-log-sync?syncType=FSync&recordCount=10&view=Detailed");
    expect(full.records.length).toBe(10);
    expect(full.syncInfo.syncType).toBe("FSync");
    addCalls(3);
    sandbox.clock.advance(30_000);
    const next = await client.json(`/call-log-sync?syncType=ISync&syncToken=${full.syncInfo.syncToken}`);
    expect(next.records.length).toBe(3);
    expect(next.records[0]).toHaveProperty("legs");
    const none = await client.json(`/call-log-sync?syncType=ISync&syncToken=${next.syncInfo.syncToken}`);
    expect(none.records).toEqual([]);
  });

  it("returns a record again when its recording is attached", async () => {
    sandbox.settings.callLog.lateRecording = { chosen: "all", afterSeconds: 300 };
    addCalls(1);
    sandbox.clock.advance(25_000);
    const full = await client.json("/call-log-sync?syncType=FSync&recordCount=1");
    expect(full.records[0]).not.toHaveProperty("recording");
    sandbox.clock.advance(300_000);
    const next = await client.json(`/call-log-sync?syncType=ISync&syncToken=${full.syncInfo.syncToken}`);
    expect(next.records.map((record: Body) => record.id)).toEqual([full.records[0].id]);
    expect(next.records[0]).toHaveProperty("recording");
  });

  it("caps at 250 records, reaches back 30 days, and wants recordCount", async () => {
    const old = new Date(sandbox.clock.now() - 39 * 86_400_000).toISOString();
    const full = await client.json(`/call-log-sync?syncType=FSync&recordCount=900&dateFrom=${old}`);
    expect(full.records.length).toBe(250);
    sandbox.settings.sync.maxRecords = 10_000;
    const month = await client.json(`/call-log-sync?syncType=FSync&recordCount=900&dateFrom=${old}`);
    expect(month.records.length).toBeGreaterThan(440);
    expect(month.records.every((record: Body) => Date.parse(record.startTime) >= monthAgo() - 1_000)).toBe(true);
    expect(await codeOf(await client.get("/call-log-sync?syncType=FSync"))).toBe("CMN-101");
    sandbox.settings.sync.oldDateFrom = "refuse";
    expect((await client.get(`/call-log-sync?syncType=FSync&recordCount=9&dateFrom=${old}`)).status).toBe(400);
  });

  it("overflows with the vendor's sentence, and refuses broken and expired tokens", async () => {
    const full = await client.json("/call-log-sync?syncType=FSync&recordCount=10");
    const next = `/call-log-sync?syncType=ISync&syncToken=${full.syncInfo.syncToken}`;
    addCalls(251);
    sandbox.clock.advance(30_000);
    const overflow: Body = await client.json(next);
    expect(overflow.message).toBe("Parameter [syncToken] is invalid [max sync record number limit is exceeded]");
    expect(await codeOf(await client.get("/call-log-sync?syncType=ISync&syncToken=broken"))).toBe("CLG-101");
    expect(await codeOf(await client.get(next.replace("call-log-sync?", "call-log-extract-sync?")))).toBe("CLG-102");
    sandbox.settings.sync.expireTokens = true;
    expect(await codeOf(await client.get(next))).toBe("CLG-104");
  });
});

describe("call-log-extract-sync", () => {
  it("walks the whole account by time of change, and says whether there is more", async () => {
    const seen = new Set<string>();
    let page = await client.json("/call-log-extract-sync?syncType=FSync&recordCount=250&dateFrom=2020");
    const times: number[] = [];
    for (;;) {
      for (const record of page.records) seen.add(record.id);
      times.push(...page.records.map((record: Body) => Date.parse(record.startTime)));
      if (!page.syncInfo.newerRecordsExist) break;
      page = await client.json(
        `/call-log-extract-sync?syncType=ISync&recordCount=250&syncToken=${page.syncInfo.syncToken}`,
      );
    }
    expect(seen.size).toBe(600);
    expect(times.length).toBe(600);
  });

  it("returns changed records again, defaults to the last hour, and may not exist", async () => {
    sandbox.settings.callLog.lateRecording = { chosen: "all", afterSeconds: 300 };
    addCalls(2);
    sandbox.clock.advance(25_000);
    const first = await client.json("/call-log-extract-sync?syncType=FSync");
    const fresh = first.records.filter((record: Body) => !record.recording);
    expect(fresh.length).toBe(2);
    sandbox.clock.advance(400_000);
    const next = await client.json(`/call-log-extract-sync?syncType=ISync&syncToken=${first.syncInfo.syncToken}`);
    expect(next.records.filter((record: Body) => record.recording).length).toBe(2);
    sandbox.settings.sync.extractAvailable = false;
    expect(await codeOf(await client.get("/call-log-extract-sync?syncType=FSync"))).toBe("CMN-120");
  });
});
