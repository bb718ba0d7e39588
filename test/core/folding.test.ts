import { expect, test } from "vitest";
import { folded, foldedWords } from "../../src/core/folding.ts";

test.each([
  ["Müller", "muller"],
  ["  ŁÓDŹ ", "lodz"],
  ["Straße", "strasse"],
  ["O’Neill", "o'neill"],
  ["Ærø", "aero"],
  ["Ｆｕｌｌ １２", "full 12"],
  ["Ελένη", "ελενη"],
  ["İstanbul", "istanbul"],
])("%s is compared as %s", (text, plain) => {
  expect(folded(text)).toBe(plain);
});

test("a number in groups is found by its digits as well, one without groups needs no second form", () => {
  expect(foldedWords("(020) 7183-8750\nAnn")).toBe("(020) 7183-8750\nann\n02071838750");
  expect(foldedWords("+442071838750\nAnn")).toBe("+442071838750\nann");
});
