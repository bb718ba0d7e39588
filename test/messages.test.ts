import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { messagesOf } from "./helpers/messages.js";

const messages = messagesOf(fileURLToPath(new URL("../src", import.meta.url)));

it("finds the messages of every part of the program", () => {
  expect(messages.size).toBeGreaterThan(900);
  const places = [...messages.values()].flat();
  for (const part of ["cli", "commands", "composition", "core", "http", "ledgers", "readers", "reporters", "sources"]) {
    expect(places.some((place) => place.startsWith(`${part}/`))).toBe(true);
  }
});

it.each([
  [
    "a count with its noun made by hand, which is wrong for 1",
    /^\{…\} (recordings|files|rows|calls|attempts|entries)\b/,
  ],
  ["a warning without the one prefix", /^(warning|error): /],
  [
    "words that nobody would say",
    /\b(go|goes) on from here|is no (time|head|URL|seal)\b|told by content|all as they came|settled already/,
  ],
  ["a word twice in a row", /(^| )([a-z]+) \2( |$)/],
  ["a lock's holder without its PID", /Another run works|\(process \{…\}/],
  ["the name of a rate limit's group", /rate limit of group/],
])("no message has %s", (_, pattern) => {
  expect([...messages].filter(([text]) => pattern.test(text))).toEqual([]);
});
