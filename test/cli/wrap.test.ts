import { expect, test } from "vitest";
import { wrapped } from "../../src/cli/wrap.ts";

test.each([
  ["short", 80, 0, "short"],
  ["one two three", 7, 0, "one two\nthree"],
  ["ok    a: one two", 12, 6, "ok    a: one\n      two"],
  ["  indented words", 10, 2, "  indented\n  words"],
  ["a verylongwordindeed b", 6, 0, "a\nverylongwordindeed\nb"],
  ["no terminal, no break", undefined, 3, "no terminal, no break"],
  ["", 80, 4, ""],
])("breaks %j at %j columns between words", (text, columns, hang, lines) => {
  expect(wrapped(text, columns, hang)).toBe(lines);
});
