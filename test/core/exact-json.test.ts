import { expect, test } from "vitest";
import { parseJson } from "../../src/core/exact-json.ts";

test.each([
  ['{"id":12345678901234567890}', { id: "12345678901234567890" }],
  ['{"id":9007199254740991}', { id: 9007199254740991 }],
  ["[1e3,2.5]", ["1e3", 2.5]],
  ["[NaN, -Infinity, Infinity]", [null, null, null]],
  ['[NaN,"NaN and 12345678901234567890"]', [null, "NaN and 12345678901234567890"]],
  ["{", undefined],
])("%s is read without losing a digit", (text, value) => {
  expect(parseJson(text)).toEqual(value);
});
