import { expect, test } from "vitest";
import { formatTable } from "../../src/cli/table.ts";
import { csvField } from "../../src/core/csv-field.ts";
import { widthOf } from "../../src/core/width.ts";

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

const columns: Parameters<typeof formatTable<readonly string[]>>[1] = [
  { title: "START", value: ([start = ""]) => start, telling: true },
  { title: "DIRECTION", value: () => "outbound", optional: true },
  { title: "NAME", value: ([, name = ""]) => name },
  { title: "FILE", value: ([, , file = ""]) => file, tail: true },
];
const rows = [
  ["2026-03-05 14:03:22 +01:00", "日本語の名前", "ringcentral/2026/03/05/2026-03-05_14-03-22_outbound_4017868180.mp3"],
  ["2026-03-05 14:03:22 +01:00", "Anna", "a.mp3"],
];

test("wide characters count two columns", () => {
  const lines = formatTable(rows, columns).split("\n");
  expect(lines.map((line) => widthOf(line.slice(0, line.search(/FILE|ringcentral|a\.mp3/))))).toEqual([53, 53, 53, 0]);
});

test("in a terminal no row is wider than it: columns are left out, then cut, the telling ones last", () => {
  for (const width of [20, 40, 60, 80, 120, 200]) {
    for (const line of formatTable(rows, columns, width).split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(width);
  }
  expect(formatTable(rows, columns, 70)).toBe(
    [
      "START                       NAME          FILE",
      "2026-03-05 14:03:22 +01:00  日本語の名前  …-22_outbound_4017868180.mp3",
      "2026-03-05 14:03:22 +01:00  Anna          a.mp3",
      "",
    ].join("\n"),
  );
});
