import { expect, it } from "vitest";
import { splitWords } from "../../src/core/text.ts";

it.each([
  ["echo done", ["echo", "done"]],
  ["  sox   {} out.wav ", ["sox", "{}", "out.wav"]],
  [`mail -s 'call recorded' "a b" c\\ d`, ["mail", "-s", "call recorded", "a b", "c d"]],
  [`x "say \\"hi\\"" ''`, ["x", 'say "hi"', ""]],
  ["echo $HOME; rm *", ["echo", "$HOME;", "rm", "*"]],
  ["a'b'\"c\"", ["abc"]],
  ['""', [""]],
])("splits %j as a shell does, expanding nothing", (command, words) => {
  expect(splitWords(command)).toEqual(words);
});

it("refuses an open quote and an empty command", () => {
  expect(() => splitWords("echo 'x")).toThrow(/not closed/);
  expect(() => splitWords("  ")).toThrow(/is empty/);
});
