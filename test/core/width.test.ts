import { expect, test } from "vitest";
import { column, cutAtWord, cutStart, cutTo, forPeople, widthOf, wrapped } from "../../src/core/width.ts";

test("wide characters count two columns, marks and colours none", () => {
  expect(["abc", "日本", "e\u0301", "😀", "\x1b[31mred\x1b[39m", "ö"].map(widthOf)).toEqual([3, 4, 1, 2, 3, 1]);
});

test("text is cut between characters and marked, and filled to its column", () => {
  expect(cutTo("日本語", 5)).toBe("日本…");
  expect(cutTo("日本語", 4)).toBe("日…");
  expect(cutTo("abc", 0)).toBe("");
  expect(column("日本語", 4)).toBe("日… ");
  expect(column("ab", 4)).toBe("ab  ");
});

test("a path is cut at its beginning", () => {
  expect(cutStart("ringcentral/4017", 8)).toBe("…al/4017");
  expect(cutStart("日本語", 5)).toBe("…本語");
  expect([cutStart("abc", 3), cutStart("abc", 0)]).toEqual(["abc", ""]);
});

test("a sentence is cut between words, unless that leaves too little of it", () => {
  expect(cutAtWord("waiting for the budget", 14)).toBe("waiting for…");
  expect(cutAtWord("waiting for the budget", 12)).toBe("waiting for…");
  expect(cutAtWord("a verylongword", 10)).toBe("a verylon…");
  expect(cutAtWord("short", 10)).toBe("short");
});

test("lines are broken between words, with their indent; a word that is wider stays whole", () => {
  expect(wrapped("  one two three\nfour", 9)).toBe("  one two\n  three\nfour");
  expect(wrapped("a https://host.example/long b", 10)).toBe("a\nhttps://host.example/long\nb");
  expect(wrapped("\x1b[31mred\x1b[39m and 日本 語", 8)).toBe("\x1b[31mred\x1b[39m and\n日本 語");
});

test("only a terminal breaks lines, and never those of JSON", () => {
  expect(forPeople("one two", { isTTY: true, columns: 5 })).toBe("one\ntwo");
  expect(forPeople('{"a": 1, "b": 2}', { isTTY: true, columns: 5 })).toBe('{"a": 1, "b": 2}');
  for (const stream of [{}, { isTTY: true }, { isTTY: true, columns: 0 }, { columns: 5 }]) {
    expect(forPeople("one two", stream)).toBe("one two");
  }
});
