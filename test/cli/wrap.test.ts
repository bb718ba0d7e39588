import { expect, test } from "vitest";
import { wrapped } from "../../src/cli/wrap.ts";

test.each([
  ["short", 80, 0, "short"],
  ["one two three four five", 20, 0, "one two three four\nfive"],
  ["ok    a: one two three", 20, 6, "ok    a: one two\n      three"],
  ["  some indented words", 20, 2, "  some indented\n  words"],
  ["a very-very-long-word-indeed b", 20, 0, "a\nvery-very-long-word-indeed\nb"],
  ["a terminal that does not know how wide it is", 0, 0, "a terminal that does not know how wide it is"],
  ["no terminal, no break", undefined, 3, "no terminal, no break"],
  ["", 80, 4, ""],
])("breaks %j at %j columns between words", (text, columns, hang, lines) => {
  expect(wrapped(text, columns, hang)).toBe(lines);
});
