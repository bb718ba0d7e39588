import { expect, test } from "vitest";
import { formatTable } from "../../src/cli/table.ts";
import { csvField } from "../../src/core/csv-field.ts";

test.each(["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", " =1", "＝1+1"])(
  "%j is no formula in what is written",
  (text) => {
    expect(csvField(text).replace(/^"/, "")).toMatch(/^'/);
    expect(formatTable([text], [{ title: "A", value: (row) => row }]).split("\n")[1]).toMatch(/^'/);
  },
);

test.each(["+16505550001", "-5", "+44 (20) 7946-0018", "a=b", "x@y", ""])("%j stays as it is", (text) => {
  expect(csvField(text)).toBe(text);
});

test.each([
  ["a;=1+1", '"a;\'=1+1"'],
  ["a; @x;b", '"a;\' @x;b"'],
  ["=1;+cmd|x", "\"'=1;'+cmd|x\""],
  ["Müller; Sons", '"Müller; Sons"'],
])("%j begins no formula where semicolons part cells", (text, written) => {
  expect(csvField(text)).toBe(written);
});

test("a field is one line without control characters, quoted where it must be", () => {
  expect(csvField('a\r\nb\u001b[31m\u202e,"c"')).toBe('"a b[31m,""c"""');
});
