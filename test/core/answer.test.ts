import { expect, test } from "vitest";
import {
  asItsRangeSays,
  contentRange,
  lastModified,
  retryAfterMs,
  strongValidator,
} from "../../src/core/model/response-headers.ts";

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

test("a Last-Modified tells versions apart once it is a minute old by the server's own clock", () => {
  const modified = "Wed, 01 May 2024 09:00:00 GMT";
  const of = (headers: Record<string, string>) => lastModified({ status: 200, headers });
  expect(of({ "last-modified": modified, date: "Wed, 01 May 2024 09:01:00 GMT" })).toBe(modified);
  expect(of({ "last-modified": modified, date: "Wed, 01 May 2024 09:00:59 GMT" })).toBeUndefined();
  expect(of({ "last-modified": modified })).toBeUndefined();
  expect(of({ date: modified })).toBeUndefined();
  const odd = "Wed, 01 May 2024 09:00:00 +0000";
  expect(of({ "last-modified": odd, date: "Wed, 01 May 2024 10:00:00 GMT" })).toBeUndefined();
});

test("a 200 that names a range is a 206, one whose range cannot be read is refused, all else stays", () => {
  const of = (status: number, range?: string) =>
    asItsRangeSays({ status, headers: range === undefined ? {} : { "content-range": range } }).status;
  expect(of(200, "bytes 5-9/10")).toBe(206);
  expect(of(200)).toBe(200);
  expect(of(416, "bytes */10")).toBe(416);
  for (const range of ["bytes */10", "bytes 0-", "pages 1-2/3"]) expect(() => of(200, range)).toThrow(/Content-Range/);
});
