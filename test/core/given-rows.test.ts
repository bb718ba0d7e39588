import { expect, test } from "vitest";
import { columnsOf, isNullWord, plainName } from "../../src/core/columns.ts";
import { openGivenRows, withoutPlace } from "../../src/core/download/given-rows.ts";
import type { RecordingRef } from "../../src/core/model/recording.ts";
import { rowDates } from "../../src/core/selection.ts";

const ref = (start?: string): RecordingRef => ({
  key: "tim/3/4/N",
  source: "tim",
  id: "N",
  locator: {},
  call: start === undefined ? {} : { start },
});

test("a file of nothing but unreadable rows ends the run at its end, or after a thousand of them", () => {
  const given = openGivenRows({});
  given.row("a", "no id");
  given.check();
  given.row("a");
  given.row("b", "no id");
  expect(() => given.end()).toThrow("b: its only row cannot be read: no id");
  expect(() => given.row("c")).toThrow("b: its only row");
  const many = openGivenRows({});
  for (let at = 0; at < 1000; at++) many.row("a", `no id ${at}`);
  expect(() => many.check()).toThrow("a: none of its 1,000 rows can be read: no id 0");
});

test("a window needs starts: those that lack one are told apart, and none at all ends the run", () => {
  const without = openGivenRows({});
  expect(without.lacksStart(ref())).toBe(false);
  without.end();
  const given = openGivenRows({ fromMs: 1 });
  given.end();
  expect(given.lacksStart(ref())).toBe(true);
  expect(() => given.end()).toThrow(/None of 1 recording has a start/);
  expect(given.lacksStart(ref("2026-01-01"))).toBe(false);
  given.end();
});

test("an error's place is not said twice", () => {
  expect(withoutPlace("a.csv:3: bad", { file: "a.csv", line: 3 })).toBe("bad");
  expect(withoutPlace("a.csv: bad", { file: "a.csv", line: 3 })).toBe("bad");
  expect(withoutPlace("bad", { file: "a.csv", line: 3 })).toBe("bad");
});

test("columns are found by plain name, whatever the table calls them", () => {
  expect(["Recording_ID", "recording.contentUri", "records.recording.id", "[Start Time]"].map(plainName)).toEqual([
    "recordingid",
    "recordingcontenturi",
    "recordingid",
    "starttime",
  ]);
  const fields = { "dbo.calls.Voice_FileName": "", voicefilename: "N", "from.name": "A", name: undefined, "": 1 };
  const columns = columnsOf(fields);
  expect(columnsOf({ ...fields }).value("voicefilename")).toBe("N");
  expect([columns.value("x", "voicefilename"), columns.value("fromname"), columns.value("name")]).toEqual([
    "N",
    "A",
    undefined,
  ]);
  expect([columns.has("x"), columns.has("x", "name")]).toEqual([false, true]);
  expect([columns.isCut("x"), columns.isCut("name"), columns.isCut("fromname")]).toEqual([false, true, false]);
  expect(columns.matching(/^from/)).toEqual(["fromname"]);
});

test("what stands for no value is told from text", () => {
  expect(["", "NULL", "\\N", "(null)", "#N/A"].every(isNullWord)).toBe(true);
  expect(["0", "nullable", "None of these"].some(isNullWord)).toBe(false);
  expect(rowDates).toContain("auto");
});
