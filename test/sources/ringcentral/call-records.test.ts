import { expect, test } from "vitest";
import { namedRecording, recordingsOf } from "../../../src/sources/ringcentral/call-log/call-records.ts";

const find = (fields: Record<string, unknown>) => recordingsOf({ fields, file: "log.json", line: 3 });
const media = "https://media.ringcentral.com:443/restapi/v1.0/account/400100/recording";
const recording = (id: string, type = "Automatic") => ({
  id,
  type,
  uri: `https://platform.ringcentral.com/restapi/v1.0/account/400100/recording/${id}`,
  contentUri: `${media}/${id}/content`,
});
const record = {
  uri: "https://platform.ringcentral.com/restapi/v1.0/account/400100/call-log/VgLcd1KWffJVzUA?view=Detailed",
  id: "VgLcd1KWffJVzUA",
  sessionId: "4503",
  telephonySessionId: "s-a1b2",
  startTime: "2026-10-02T09:41:05.120Z",
  duration: 74,
  type: "Voice",
  direction: "Inbound",
  action: "Phone Call",
  result: "Accepted",
  from: { phoneNumber: "+15550100001", name: "Zoë Müller" },
  to: { phoneNumber: "+15550100002", extensionNumber: "101", name: "Desk" },
};

test("finds one recording that the record and all its legs repeat", () => {
  const same = recording("801");
  const { refs } = find({ ...record, recording: same, legs: [{ recording: same }, { recording: same }] });
  expect(refs).toEqual([
    {
      key: "ringcentral/801",
      source: "ringcentral",
      id: "801",
      locator: { contentUri: `${media}/801/content` },
      call: {
        start: "2026-10-02T09:41:05.120Z",
        duration: 74,
        direction: "inbound",
        from: "+15550100001",
        to: "+15550100002",
        extension: "101",
        name: "Desk",
        type: "Automatic",
        session: "s-a1b2",
        account: "400100",
        callId: "VgLcd1KWffJVzUA",
      },
    },
  ]);
});

test("finds recordings that only legs have, each with its leg's times", () => {
  const legs = [
    { startTime: "2026-10-02T09:41:05.120Z", duration: 30, direction: "Inbound", recording: recording("901") },
    {
      startTime: "2026-10-02T09:41:40.000Z",
      duration: 39,
      direction: "Outbound",
      recording: recording("902", "OnDemand"),
    },
  ];
  const { refs } = find({ ...record, legs });
  expect(refs.map(({ id, call }) => [id, call.duration, call.type, call.session])).toEqual([
    ["901", 30, "Automatic", "s-a1b2"],
    ["902", 39, "OnDemand", "s-a1b2"],
  ]);
});

test("tells a call without a recording from one too short to be kept", () => {
  expect(find(record).absence?.reason).toBe("no-recording");
  expect(find({ ...record, shortRecording: true }).absence).toMatchObject({
    reason: "short-recording",
    call: { callId: "VgLcd1KWffJVzUA" },
  });
  expect(find({ ...record, legs: [{ shortRecording: true }] }).absence?.reason).toBe("short-recording");
});

test("takes internal calls, masked numbers and missing fields as they are", () => {
  const bare = { sessionId: "1", startTime: "2026-10-02T09:00:00Z", recording: recording("7") };
  expect(find(bare).refs[0]!.call).toEqual({
    start: "2026-10-02T09:00:00Z",
    type: "Automatic",
    session: "1",
  });
  const internal = {
    ...bare,
    direction: "Outbound",
    from: { extensionNumber: "12" },
    // As RingCentral writes a masked number: it is kept as it comes.
    to: { phoneNumber: "+1555010XXXX" },
  };
  expect(find(internal).refs[0]!.call).toMatchObject({ from: "12", to: "+1555010XXXX", extension: "12" });
});

test("leaves out what is not what it should be", () => {
  const hostile = {
    ...record,
    startTime: "tomorrow",
    duration: -5,
    direction: "Sideways",
    from: "somebody",
    to: [1],
    recording: recording("5"),
  };
  const [ref] = find(hostile).refs;
  expect(ref!.call).toEqual({ type: "Automatic", session: "s-a1b2", account: "400100", callId: "VgLcd1KWffJVzUA" });
});

test.each([
  [
    "recordingId",
    { recordingId: "401", contentUri: `${media}/401/content`, start: "2026-10-01T10:00:00Z", duration: "12" },
  ],
  [
    "RecordingID in any case",
    { RecordingID: "401", ContentUri: `${media}/401/content`, Start: "2026-10-01T10:00:00Z", Duration: "12" },
  ],
  ["id", { id: "401", contentUri: `${media}/401/content`, start: "2026-10-01T10:00:00Z", duration: 12 }],
  ["contentUri alone", { contentUri: `${media}/401/content`, start: "2026-10-01T10:00:00Z", duration: "12" }],
])("takes a plain row with %s", (_, fields) => {
  expect(find(fields).refs).toEqual([
    {
      key: "ringcentral/401",
      source: "ringcentral",
      id: "401",
      locator: { contentUri: `${media}/401/content` },
      call: { start: "2026-10-01T10:00:00Z", duration: 12 },
    },
  ]);
});

test("keeps no token that stands in an address", () => {
  const { refs } = find({ contentUri: `${media}/401/content?access_token=SECRET&a=1#access_token=SECRET` });
  expect(refs[0]!.id).toBe("401");
  expect(JSON.stringify(refs)).not.toContain("SECRET");
  expect(namedRecording(`${media}/401/content?access_token=SECRET`)!.locator.contentUri).not.toContain("SECRET");
});

test("names file and line of a row that is none of ours", () => {
  expect(() => find({ colour: "red" })).toThrow(/log\.json:3/);
  const stolen = { source: "ringcentral", id: "1", key: "ringcentral/2", locator: {} };
  expect(() => find(stolen)).toThrow(/log\.json:3/);
});

test("takes an error-file's line, whose further fields mean nothing", () => {
  const line = {
    source: "ringcentral",
    key: "ringcentral/9",
    id: "9",
    locator: {},
    call: { start: "2026-10-01T10:00:00Z" },
  };
  expect(find({ event: "recording-failed", code: "gone", ...line }).refs).toEqual([line]);
});

test.each([
  ["401", "ringcentral/401"],
  ["/r/ringcentral/401", "ringcentral/401"],
  ["http://127.0.0.1:8080/r/ringcentral/401", "ringcentral/401"],
  ["ringcentral/4%2D1", "ringcentral/4-1"],
  [`${media}/401/content`, "ringcentral/401"],
])("knows the recording that %s names", (name, key) => {
  expect(namedRecording(name)?.key).toBe(key);
});

test.each([
  "",
  "a b",
  "calls.csv",
  "NCS0001A2F",
  "/r/tim/3/4/NCS",
  "../x",
  "ringcentral/..",
  "ringcentral/%zz",
  "https://example.com/",
])("does not take %j for a recording", (name) => {
  expect(namedRecording(name)).toBeUndefined();
});
