import { expect, test } from "vitest";
import { asRecordingError } from "../../../src/core/model/errors.ts";
import { recordingsOf } from "../../../src/sources/ringcentral/call-log/call-records.ts";

const uri = (id: number | string) => `https://media.ringcentral.com/restapi/v1.0/account/1/recording/${id}/content`;
const id = "401786810001";

/** The ids of a row's recordings, or the words by which it is refused. */
function said(fields: Record<string, unknown>): readonly string[] | string {
  try {
    const { refs, absence } = recordingsOf({ fields, file: "log.csv", line: 3 });
    return absence === undefined ? refs.map((ref) => ref.id) : absence.reason;
  } catch (thrown) {
    const error = asRecordingError(thrown);
    expect([error.code, error.verdict]).toEqual(["bad-rows", "give-up"]);
    return error.message;
  }
}

test.each([
  "4.01787E+11",
  "4,01787E+11",
  "4.01787e+11",
  "4E+11",
  `${id}.0`,
  `${id},00`,
  "401,786,810,001",
  "401.786.810.001",
  "401 786 810 001",
  "401\u00a0786\u00a0810\u00a0001",
  "401\u202f786\u202f810\u202f001",
  "401'786'810'001",
  "401’786’810’001",
  "4,01,78,68,10,001",
  "4017868…",
  "4017868...",
  "########",
  "#VALUE!",
  '=HYPERLINK("x","401786810001")',
  "-401786810001",
  "AbcDef-1_A",
  "../401",
])("the id %j is refused, and what its contentUri says outranks damage", (damaged) => {
  expect(said({ recordingid: damaged })).toMatch(/log\.csv:3: not a RingCentral recording/);
  if (/^\d[\d.,]*E|\.0$/i.test(damaged)) expect(said({ recordingid: damaged, contenturi: uri(id) })).toEqual([id]);
});

test.each([`="${id}"`, `'${id}`, `'${id}'`, ` ${id} `, `\ufeff${id}\u00a0`, Number(id), BigInt(id)])(
  "the id %s is unwrapped",
  (wrapped) => {
    expect(said({ recordingid: wrapped })).toEqual([id]);
  },
);

test("an id that disagrees with its contentUri is refused wherever it stands", () => {
  const other = uri("401786810002");
  expect(said({ recordingid: id, contenturi: other })).toMatch(/disagrees/);
  expect(said({ recording: { id, contentUri: other } })).toMatch(/disagrees/);
  expect(said({ source: "ringcentral", id, locator: { contentUri: other } })).toMatch(/do not match/);
  expect(said({ recordingid: id, contenturi: "https://example.com/a.mp3" })).toMatch(/names no recording/);
  expect(said({ recordingid: id, contenturi: `/restapi/v1.0/account/1/recording/${id}/content` })).toEqual([id]);
});

test.each([" ", ", ", ";", "\n", "|", ""])(
  "two addresses in one cell, with %j between them, are refused",
  (between) => {
    const both = `${uri(id)}${between}${uri("401786810002")}`;
    expect(said({ contenturi: both })).toMatch(/more than one address/);
    expect(said({ contenturi: `/recording/${id}/content, /recording/401786810002/content` })).toMatch(/more than one/);
  },
);

test("what is refused is shown as it is, but for what may be a token", () => {
  expect(said({ recordingid: "#VALUE!" })).toContain("#VALUE!");
  expect(said({ recordingid: `${id}?` })).toContain(`"${id}?"`);
  expect(said({ recordingid: `https://x/y?access_token=SECRET` })).not.toContain("SECRET");
  expect(said({ contenturi: `https://x/y?access_token=SECRET` })).not.toContain("SECRET");
});

test("an id or address that is no plain value is refused, and no absence", () => {
  for (const strange of [true, false, [id], [id, id], { value: id }]) {
    expect(said({ recordingid: strange })).toMatch(/neither text nor a number/);
    expect(said({ contenturi: strange })).toMatch(/neither text nor a number/);
    expect(said({ sessionid: "9", recording: { id: strange } })).toMatch(/neither text nor a number|neither an id/);
  }
  expect(said({ recordingid: { $numberLong: id } })).toEqual([id]);
  expect([said({ recordingid: {} }), said({ recordingid: [] })]).toEqual(["no-recording", "no-recording"]);
});

test("a call's id is never taken for a recording's", () => {
  expect(said({ id: "AbcDef-1_A", sessionid: "9", "recording.id": null })).toBe("no-recording");
  expect(said({ id: "123456789012", sessionid: "9", recordingid: null })).toBe("no-recording");
  expect(said({ id: "0001-aaaa", call_id: "C", recording_id: id, recording_content_uri: null })).toEqual([id]);
  expect(said({ id: "1", contenturi: null })).toBe("no-recording");
  expect(said({ id: "123456789012", contenturi: null })).toMatch(/may be a recording's id or a call's/);
  expect(said({ id: "123456789012" })).toEqual(["123456789012"]);
  expect(said({ id: null })).toBe("no-recording");
  expect(said({ id: "1", sessionid: "9" })).toMatch(/neither a recording id/);
  expect(said({ id: "1", "recording.id": undefined })).toMatch(/ends before its/);
});

test.each(["", "NULL", "null", "\\N", "(null)", "#N/A", "nan", "None", null])("%j is no recording", (nothing) => {
  expect(said({ recordingid: nothing, contenturi: nothing, start: "2026-01-01" })).toBe("no-recording");
});

test.each([
  ["PowerShell", `@{uri=u; id=${id}; type=Automatic; contentUri=${uri(id)}}`],
  ["Python", `{'uri': 'u', 'id': '${id}', 'name': "it's", 'x': None, 'contentUri': '${uri(id)}'}`],
  ["JSON", JSON.stringify({ id, contentUri: uri(id) })],
  ["an address", uri(id)],
  ["an id", id],
])("a recording that %s wrote into a cell is read", (_, recording) => {
  expect(said({ id: "A", sessionid: "9", recording })).toEqual([id]);
  expect(said({ id: "A", sessionId: "9", startTime: "2026-01-01T10:00:00Z", recording: { id } })).toEqual([id]);
});

test.each([
  "System.Object[]",
  "[object Object]",
  "@{id=4017",
  '{"id":"4017',
  "{'id': '40",
  "System.Collections.Hashtable",
])("a recording that was cut to %j is refused by name", (recording) => {
  expect(said({ id: "A", sessionid: "9", recording })).toMatch(/was cut by the tool/);
  expect(said({ id: "A", sessionId: "9", startTime: "2026-01-01T10:00:00Z", legs: [recording] })).toMatch(/was cut/);
  expect(said({ id: "A", sessionid: "9", recording: id, legs: recording })).toMatch(/was cut by the tool/);
});

test("every leg's recording is found, nested as text or flattened", () => {
  const legs = JSON.stringify([{ recording: { id: "11" } }, { recording: null }, { recording: { id: "12" } }]);
  expect(said({ id: "A", sessionid: "9", recording: null, legs })).toEqual(["11", "12"]);
  expect(said({ id: "A", "recording.id": "11", "legs.0.recording.id": "11", "legs.1.recording.id": "12" })).toEqual([
    "11",
    "12",
  ]);
  expect(said({ id: "A", sessionId: "9", startTime: "2026-01-01T10:00:00Z", "recording.id": "7" })).toEqual(["7"]);
});
