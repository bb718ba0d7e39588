import { describe, expect, test } from "vitest";
import { cleanName, fieldNames } from "../../src/readers/cells.ts";
import { readStdin } from "./read.ts";

describe("a column's name", () => {
  test.each([
    ["VoiceFilename", "voicefilename"],
    ["  [VoiceFilename] ", "voicefilename"],
    ["calls.voicefilename", "voicefilename"],
    ["[TIM].[dbo].[Calls].[Voice Filename]", "voice filename"],
    ['dbo."VoiceFilename"', "voicefilename"],
    ["`calls`.`voicefilename`", "voicefilename"],
    ["No. of calls", "no. of calls"],
    ["[a.b]", "a.b"],
    ["", ""],
  ])("%j is matched as %j", (name, cleaned) => {
    expect(cleanName(name)).toBe(cleaned);
  });

  test("keeps its prefix where two columns would clash without, save that of calls", () => {
    const columns = ["from.phoneNumber", "to.phoneNumber", "recording.id", "id", "users.name", "calls.name"];
    expect(fieldNames(columns, undefined, "x")).toEqual([
      "from.phonenumber",
      "to.phonenumber",
      "recording.id",
      "id",
      "users.name",
      "name",
    ]);
  });

  test("that is empty, or there a second time, hands nothing out", () => {
    expect(fieldNames(["name", "", "name"], undefined, "x")).toEqual(["name", undefined, undefined]);
  });
});

describe("--map", () => {
  test("gives a field another column, by any spelling of its name, and drops the field's own", () => {
    expect(fieldNames(["Rec_ID", "voicefilename", "n"], { VoiceFilename: "[rec_id]" }, "x")).toEqual([
      "voicefilename",
      undefined,
      "n",
    ]);
  });

  test("may name a column by its prefix", () => {
    expect(fieldNames(["a.name", "b.name"], { name: "b.name" }, "x")).toEqual(["a.name", "name"]);
  });

  test("may be meant for other files, where this one has the field itself", () => {
    expect(fieldNames(["voicefilename"], { voicefilename: "rec_id" }, "x")).toEqual(["voicefilename"]);
  });

  test("of a column that is not there is wrong usage and lists those that are", async () => {
    await expect(readStdin("a,b\n1,2\n", { map: { voicefilename: "rec" } })).rejects.toMatchObject({
      code: "usage",
      message: "--map voicefilename=rec: - has no column rec; it has a, b.",
    });
  });

  test("renames keys of JSON rows too", async () => {
    const { fields } = await readStdin('{"Rec_ID":"x","n":1}\n', { map: { voicefilename: "rec_id", other: "absent" } });
    expect(fields).toEqual([{ voicefilename: "x", n: 1 }]);
  });
});
