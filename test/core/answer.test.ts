import { expect, test } from "vitest";
import { contentRange, retryAfterMs, strongValidator } from "../../src/core/answer.ts";

function headOf(headers: Record<string, string>) {
  return { status: 206, headers };
}

test.each([
  ["bytes 10-19/20", { first: 10, last: 19, total: 20 }],
  ["Bytes 10-19/*", { first: 10, last: 19 }],
  ["bytes */20", { total: 20 }],
  ["bytes 10-19", undefined],
  ["items 1-2/3", undefined],
  ["bytes 1-2/99999999999999999999", undefined],
])("the Content-Range %s is read", (text, range) => {
  expect(contentRange(headOf({ "content-range": text }))).toEqual(range);
  expect(contentRange(headOf({}))).toBeUndefined();
});

test.each([
  ['"abc-1:2"', '"abc-1:2"'],
  [' "x" ', '"x"'],
  ['W/"abc"', undefined],
  ["abc", undefined],
  ['""', undefined],
  ['"a"b"', undefined],
  ['"a\r\nx: y"', undefined],
  [`"${"x".repeat(600)}"`, undefined],
])("of ETags only strong ones in quotes validate: %s", (text, tag) => {
  expect(strongValidator(headOf({ etag: text }))).toBe(tag);
  expect(strongValidator(headOf({}))).toBeUndefined();
});

test("a Retry-After date needs no clock of ours when the server tells its own", () => {
  const headers = { "retry-after": "Fri, 01 May 2026 10:00:09 GMT", date: "Fri, 01 May 2026 10:00:00 GMT" };
  expect(retryAfterMs(headOf(headers), Number.NaN)).toBe(9000);
});
