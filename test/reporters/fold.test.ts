import { expect, test } from "vitest";
import { openFold } from "../../src/reporters/fold.ts";

function opened() {
  const clock = { now: 0 };
  const lines: string[] = [];
  const fold = openFold(() => clock.now);
  return { clock, lines, fold, say: (text: string) => fold.say(text, (repeated) => lines.push(text + repeated)) };
}

test("what is said again within a minute is counted, whatever stands between, and told at the end", () => {
  const { lines, fold, say } = opened();
  for (let at = 0; at < 35; at += 1) for (const text of ["one", "two"]) if (text === "one" || at === 0) say(text);
  expect(lines).toEqual(["one", "two"]);
  fold.flush();
  expect(lines.slice(2)).toEqual(["one … (repeated 34 times)"]);
  fold.flush();
  expect(lines).toHaveLength(3);
});

test("after a minute it is told once more, with how often it came since", () => {
  const { clock, lines, fold, say } = opened();
  say("one");
  say("one");
  clock.now = 60_000;
  say("one");
  say("one");
  expect(lines).toEqual(["one", "one … (repeated 2 times)"]);
  clock.now = 120_000;
  say("one");
  expect(lines[2]).toBe("one … (repeated 2 times)");
  fold.flush();
  expect(lines).toHaveLength(3);
});

test("of a thousand different texts the oldest is told and forgotten", () => {
  const { lines, say } = opened();
  say("first");
  say("first");
  for (let at = 0; at < 1000; at += 1) say(`other ${at}`);
  expect(lines.filter((line) => line.startsWith("first"))).toEqual(["first", "first … (repeated 1 time)"]);
});
