import { expect, test } from "vitest";
import { csvField } from "../../src/core/csv-field.ts";

test.each([
  ["Smith", "Smith"],
  ["Smith, John", '"Smith, John"'],
  ['the "boss"', '"the ""boss"""'],
  ["two\nlines", "two lines"],
  ["+44 (0)20 7946-1999", "+44 (0)20 7946-1999"],
  ["-12.5", "-12.5"],
  ["=1+1", "'=1+1"],
  [" @SUM(A1)", "' @SUM(A1)"],
  ["+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"],
  ["\uff1dA1", "'\uff1dA1"],
  ["a;=1+1", '"a;\'=1+1"'],
])("%j is written as %j, which no spreadsheet calculates", (text, field) => {
  expect(csvField(text)).toBe(field);
});
