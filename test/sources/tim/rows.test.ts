import { expect, test } from "vitest";
import { asRecordingError, type RecordingError } from "../../../src/core/model/errors.ts";
import { findRecordings, idsOf, refOf } from "../../../src/sources/tim/calls-table.ts";
import { growth, linear } from "../../helpers/cpu-cost.ts";
import { recording, row } from "./fixture.ts";

const ids = { datasource: "\\3\\", voicelocation: "4", voicefilename: "NCS1" };
const callOf = (fields: Record<string, unknown>) => findRecordings(row({ ...ids, ...fields })).refs[0]?.call;

function refused(fields: Record<string, unknown>): RecordingError {
  try {
    findRecordings(row(fields));
  } catch (thrown) {
    return asRecordingError(thrown);
  }
  throw new Error("accepted");
}

test("a row with the three ids speaks of one recording", () => {
  expect(findRecordings(row(ids))).toEqual({
    refs: [{ key: "tim/%5C3%5C/4/NCS1", source: "tim", id: "NCS1", locator: ids, call: {} }],
  });
});

test.each([
  { DataSource: "3", VoiceLocation: "4", VOICEFILENAME: "N" },
  { "[datasource]": "3", "[VoiceLocation]": "4", "[voicefilename]": "N" },
  { "calls.datasource": "3", "dbo.calls.voicelocation": "4", "[dbo].[calls].[voicefilename]": "N" },
  { '"datasource"': "3", "`voicelocation`": "4", " voicefilename ": "N" },
])("columns are found whatever their case, brackets or table: %o", (fields) => {
  expect(findRecordings(row(fields)).refs[0]?.key).toBe("tim/3/4/N");
});

test("numbers in JSON rows are ids too, and blanks around an id are not part of it", () => {
  expect(findRecordings(row({ datasource: 3, voicelocation: 4n, voicefilename: " N " })).refs[0]?.key).toBe(
    "tim/3/4/N",
  );
});

test.each([null, "", "  ", "\0", "\\N", "(null)", {}, []])(
  "a row whose voicefilename is %j has no recording",
  (nothing) => {
    const finding = findRecordings(row({ ...ids, voicefilename: nothing, extension: "201" }));
    expect(finding).toEqual({ refs: [], absence: { reason: "no-recording", call: { extension: "201" } } });
  },
);

test("rows without the needed columns are given up, and the message names what was found and what helps", () => {
  const error = refused({ datasource: "3", rec_id: "NCS1", "evil\u202e\ncolumn": "" });
  expect([error.code, error.verdict]).toEqual(["bad-rows", "give-up"]);
  expect(error.message).toContain("calls.csv: no column voicelocation, voicefilename.");
  expect(error.message).toContain("found: datasource, rec_id, evil column");
  expect(error.message).toContain("--map voicefilename=COLUMN");
});

test("columns of the prototype are no columns", () => {
  expect(refused(JSON.parse('{"__proto__":{"datasource":"3","voicelocation":"4","voicefilename":"5"}}')).code).toBe(
    "bad-rows",
  );
  expect(callOf({ direction: "constructor" })).toEqual({});
});

test.each([
  [{ ...ids, voicefilename: "x".repeat(513) }, /calls\.csv:2: .* 513 characters/],
  [{ ...ids, voicefilename: "\ud800" }, /not valid Unicode/],
  [{ ...ids, voicefilename: 4.47e21 }, /too large to be read exactly/],
  [{ ...ids, voicefilename: undefined }, /ends before its voicefilename/],
  [{ ...ids, datasource: "3.0" }, /datasource 3\.0 is a number with decimals/],
  [{ ...ids, voicefilename: "2.02601E+16" }, /scientific/],
  [{ ...ids, voicefilename: "2,02601e16" }, /scientific/],
  [{ ...ids, voicefilename: "20.260.101.100.000" }, /thousands/],
  [{ ...ids, voicefilename: "NCS0001…" }, /cut short/],
  [{ ...ids, voicefilename: "########" }, /too narrow/],
  [{ ...ids, voicefilename: "#REF!" }, /error of the spreadsheet/],
  [{ ...ids, voicefilename: '=HYPERLINK("a","b")' }, /formula/],
])("an id that cannot be one spoils its row only", (fields, words) => {
  const error = refused(fields);
  expect([error.code, error.verdict]).toEqual(["bad-rows", "give-up"]);
  expect(error.message).toMatch(words);
});

test("inbound calls come from the number, outbound and internal ones from the extension", () => {
  const call = { extension: "201", number: "0123" };
  expect(callOf({ ...call, direction: "In" })).toMatchObject({ direction: "inbound", from: "0123", to: "201" });
  expect(callOf({ ...call, direction: "OUTGOING" })).toMatchObject({ direction: "outbound", from: "201", to: "0123" });
  expect(callOf({ ...call, direction: "internal" })).toMatchObject({ direction: "internal", from: "201", to: "0123" });
});

test("a number of a call without a direction is kept, but nobody is said to have called", () => {
  expect(callOf({ extension: "201", number: "0123" })).toEqual({ extension: "201", to: "0123" });
  expect(callOf({ extension: "201", number: "0123", direction: "abandoned" })).toEqual({
    extension: "201",
    to: "0123",
  });
});

test.each([
  ["2026-05-01 09:03:07.123", "2026-05-01T09:03:07.123"],
  ["2026-05-01T09:03:07", "2026-05-01T09:03:07"],
  ["2026-05-01 9:03", "2026-05-01T09:03:00"],
  ["2026-05-01", "2026-05-01T00:00:00"],
  ["20260501 09:03:07", "2026-05-01T09:03:07"],
  ["2026-05-01 09:03:07.1230000", "2026-05-01T09:03:07.123"],
  ["2026-05-01 09:03:07.0000000", "2026-05-01T09:03:07"],
  ["2026-05-01 09:03:07 +02:00", "2026-05-01T09:03:07+02:00"],
  ["2026-05-01T09:03:07.5z", "2026-05-01T09:03:07.500Z"],
  ["2026-10-25 01:30:00", "2026-10-25T01:30:00"],
])("the start %s is the site's own time, never shifted: %s", (text, start) => {
  expect(callOf({ start: text })?.start).toBe(start);
});

test.each(["01/05/2026 09:03", "2026-02-30", "2026-13-01", "2026-05-01 24:61", "yesterday", "0000-00-00 00:00:00"])(
  "a start that does not say for certain what it means is left out: %s",
  (start) => {
    expect(callOf({ start })).toEqual({});
  },
);

test.each([
  ["125", 125],
  [125, 125],
  ["125.50", 125.5],
  ["2:05", 125],
  ["00:02:05.0000000", 125],
  ["1:00:00", 3600],
])("the duration %s is %d seconds", (text, seconds) => {
  expect(callOf({ duration: text })?.duration).toBe(seconds);
});

test.each(["-5", "1e9", "2 min", "1:75"])("the duration %s is left out", (duration) => {
  expect(callOf({ duration })).toEqual({});
});

test("a recording that was printed as JSON comes back as it was", () => {
  const call = {
    start: "2026-05-01T09:03:07",
    duration: 61,
    direction: "inbound" as const,
    from: "0123",
    to: "201",
    extension: "201",
    name: "Zoë",
  };
  const ref = refOf({ datasource: "\\3\\", voicelocation: "4", voicefilename: "a/b" }, call);
  const printed = JSON.parse(JSON.stringify(ref)) as Record<string, unknown>;
  expect(findRecordings(row(printed)).refs).toEqual([ref]);
  expect(findRecordings(row({ ...printed, code: "timeout", message: "…" })).refs).toEqual([ref]);
});

test("a printed recording is believed in its ids only: the key is made anew and odd call fields are dropped", () => {
  const printed = {
    ...recording("N"),
    key: "tim/../../evil",
    call: { start: 5, direction: "up", duration: -1, name: "A" },
  };
  expect(findRecordings(row(printed)).refs).toEqual([{ ...recording("N"), call: { name: "A" } }]);
});

test("a key alone is enough, an empty or too long id in it is not", () => {
  expect(findRecordings(row({ key: "tim/3/4/N", call: null })).refs).toEqual([recording("N")]);
  expect(refused({ locator: { datasource: "3", voicelocation: "", voicefilename: "N" } }).message).toMatch(
    /an empty voicelocation/,
  );
});

test("a recording from the ledger that lost its ids is found by its key, else given up", () => {
  expect(idsOf({ ...recording("N"), locator: {} })).toEqual({
    datasource: "3",
    voicelocation: "4",
    voicefilename: "N",
  });
  expect(() => idsOf({ ...recording("N"), key: "tim/x", locator: {} })).toThrow(/does not name a TIM recording/);
});

test("the cost of rows grows with their number only", () => {
  const many = Array.from({ length: 32 * 500 }, (_, at) =>
    row({
      ...ids,
      voicefilename: `NCS${at}`,
      start: "2026-05-01 09:03:07.123",
      duration: "61",
      direction: "in",
      number: "0123",
    }),
  );
  const read = (size: number) => {
    for (let at = 0; at < size; at += 1) findRecordings(many[at]!);
  };
  expect(growth(read, 16_000)).toBeLessThan(linear);
});
