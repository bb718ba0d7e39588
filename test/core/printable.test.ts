import { expect, test } from "vitest";
import { printable } from "../../src/core/text.ts";

test("plain text stays as it is", () => {
  expect(printable("Anna Müller, +49 30 1234 → 😀 日本")).toBe("Anna Müller, +49 30 1234 → 😀 日本");
  expect(printable("")).toBe("");
});

test("escape sequences lose the characters that make them work", () => {
  expect(printable("\x1b[2J\x1b]0;title\x07x\x9b31m")).toBe("[2J]0;titlex31m");
});

test("line breaks of every kind become one space, so that a name stays one line", () => {
  expect(printable("a\r\nb\u2028c\td\x85e")).toBe("a b c d e");
});

test("bidi and zero-width characters, which make a name read as another, are gone", () => {
  expect(printable("gnp.\u202Etxt\u2066\u200B\uFEFF\u061C")).toBe("gnp.txt");
});

test("lone surrogates are gone, pairs stay", () => {
  expect(printable("a\uD800b😀\uDC00")).toBe("ab😀");
});

test("a tower of combining marks is cut to four", () => {
  expect(printable(`e${"\u0301".repeat(500)}`)).toBe(`e${"\u0301".repeat(4)}`);
});
