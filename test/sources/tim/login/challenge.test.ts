import { expect, test } from "vitest";
import { parseChallenges, parseParams } from "../../../../src/sources/tim/auth/digest.ts";
import { growth, linear } from "../../../helpers/cpu-cost.ts";

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, params }) => [scheme, Object.fromEntries(params)]);

test.each([
  ['Basic realm="TIM"', [["basic", { realm: "TIM" }]]],
  ["BASIC REALM=TIM", [["basic", { realm: "TIM" }]]],
  ['Basic realm = "a, Digest b=\\"c\\\\"', [["basic", { realm: 'a, Digest b="c\\' }]]],
  ['Basic realm="", charset="UTF-8"', [["basic", { realm: "", charset: "UTF-8" }]]],
  [
    "Negotiate, NTLM",
    [
      ["negotiate", {}],
      ["ntlm", {}],
    ],
  ],
  [
    "Negotiate YII+/abc==, Basic realm=x",
    [
      ["negotiate", {}],
      ["basic", { realm: "x" }],
    ],
  ],
  [
    'Digest realm="a", nonce="n==", qop="auth,auth-int", stale=TRUE, Basic realm="b"',
    [
      ["digest", { realm: "a", nonce: "n==", qop: "auth,auth-int", stale: "TRUE" }],
      ["basic", { realm: "b" }],
    ],
  ],
  [
    " , ,Basic realm=x,, ,Digest nonce=y,",
    [
      ["basic", { realm: "x" }],
      ["digest", { nonce: "y" }],
    ],
  ],
  ["Digest nonce=first, NONCE=second", [["digest", { nonce: "first" }]]],
  [
    'Basic realm="never closed',
    [
      ["basic", {}],
      ["realm", {}],
    ],
  ],
  ["", []],
  ["\u0001\u0002", []],
  ['="x"', []],
])("%s is read as its challenges", (header, challenges) => {
  expect(read(header)).toEqual(challenges);
});

test("several headers joined by commas are as good as one", () => {
  const first = 'Digest realm="a", qop="auth", algorithm=SHA-256, nonce="x"';
  const second = 'Digest realm="a", qop="auth", algorithm=MD5, nonce="y"';
  expect(read(`${first}, ${second}`).map(([, params]) => params)).toEqual([
    { realm: "a", qop: "auth", algorithm: "SHA-256", nonce: "x" },
    { realm: "a", qop: "auth", algorithm: "MD5", nonce: "y" },
  ]);
});

test("the cost of a header grows with its length only, up to the longest that a server may send", () => {
  for (const piece of ["a=", '"', "Basic ", ", ", "\\", '="\\"', "x=y,"]) {
    const read = (size: number) => {
      const header = piece.repeat(size / piece.length);
      parseChallenges(`Digest x="${header}`);
      parseChallenges(header);
    };
    expect(growth(read, 16_384), piece).toBeLessThan(linear);
  }
});

test("a header of pairs alone is read the same way", () => {
  const pairs = parseParams('nextnonce="abc", qop=auth, rspauth="d1", cnonce="c", nc=00000001');
  expect(pairs.get("nextnonce")).toBe("abc");
  expect(parseParams("").size).toBe(0);
});
