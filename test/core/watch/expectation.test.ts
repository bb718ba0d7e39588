import { expect, test } from "vitest";
import { openExpectation } from "../../../src/core/watch/expectation.ts";

const second = 1000;
const minute = 60 * second;

test("without a word of calls looks come as usual", () => {
  const expectation = openExpectation();
  expectation.looking(0);
  expect(expectation.dueMs(40 * second)).toBe(40 * second);
  expectation.callEnded(second);
  expect(expectation.dueMs(40 * second)).toBe(40 * second);
});

test("a call's end brings a look soon after, but not one for each of many", () => {
  const expectation = openExpectation();
  expectation.listening(0);
  expectation.looking(0);
  expectation.callEnded(20 * second);
  expect(expectation.dueMs(40 * second)).toBe(25 * second);
  expectation.looking(25 * second);
  expectation.callEnded(26 * second);
  expect(expectation.dueMs(40 * second)).toBe(40 * second);
  expectation.callEnded(64 * second);
  expect(expectation.dueMs(40 * second)).toBe(65 * second);
});

test("while nobody speaks looks are rare, and as usual again once nothing is told any more", () => {
  const expectation = openExpectation();
  expectation.listening(0);
  expectation.listening(minute);
  expectation.callEnded(minute);
  expectation.looking(2 * minute);
  expect(expectation.dueMs(40 * second)).toBe(2 * minute + 40 * second);
  expectation.looking(17 * minute);
  expect(expectation.dueMs(40 * second)).toBe(22 * minute);
  expectation.deaf();
  expect(expectation.dueMs(40 * second)).toBe(17 * minute + 40 * second);
});

test("a budget that allows looks only rarely stays the measure", () => {
  const expectation = openExpectation();
  expectation.listening(0);
  expectation.looking(20 * minute);
  expect(expectation.dueMs(10 * minute)).toBe(30 * minute);
});
