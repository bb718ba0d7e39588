import { expect, test } from "vitest";
import { doubtAfter, doubtOf, insightsDueMs, isDoubtOld, isWithoutService } from "../../src/core/insights.ts";

const [minute, day, start] = [60_000, 86_400_000, Date.UTC(2026, 0, 1)];

test("insights that were not there are asked for again after ten minutes, then ever more rarely", () => {
  const after = (age: number) => (insightsDueMs(start + age, start) - start - age) / minute;
  expect([1, 60, 24 * 60].map((age) => after(age * minute))).toEqual([10, 30, 720]);
  expect(insightsDueMs(start, Number.NaN)).toBe(start + 10 * minute);
});

test("an account is without the service once the gateway knew nothing of five calls of days before, or of twenty in all", () => {
  const after = (answers: number, age: number) => {
    let doubt = doubtAfter(undefined, start - age, start);
    for (let at = 1; at < answers; at += 1) doubt = doubtAfter(doubt, start - age, start);
    return doubt;
  };
  const sure = (answers: number, age: number) => isWithoutService(after(answers, age));
  expect([sure(4, 2 * day), sure(5, 2 * day), sure(19, minute), sure(20, minute)]).toEqual([false, true, false, true]);
  expect(sure(19, Number.NaN)).toBe(false);
});

test("a doubt is asked about anew after a day, also by a clock that was set back", () => {
  const doubt = doubtAfter(undefined, start, start);
  expect([start - 1, start, start + day - 1, start + day].map((now) => isDoubtOld(doubt, now))).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

test("a doubt is kept as JSON; what is no doubt is none", () => {
  const doubt = doubtAfter(undefined, start, start);
  expect(doubtOf(JSON.stringify(doubt))).toEqual(doubt);
  expect([undefined, "known", "null", "{}", '{"unknown":"20","late":0,"askedMs":1}'].map(doubtOf)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
