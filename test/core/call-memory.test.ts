import { expect, test } from "vitest";
import { openCallMemory as openMemory } from "../../src/core/download/call-memory.ts";
import { areAlike, type CallMarks, differenceOf, traitsOf } from "../../src/core/download/call-traits.ts";
import { openGivenRows } from "../../src/core/download/given-rows.ts";
import type { Call } from "../../src/core/model/recording.ts";
import { openRandom } from "../helpers/fuzz.ts";

const openCallMemory = () => {
  const memory = openMemory();
  return { conflict: (key: string, call: Call) => memory.conflict(key, traitsOf(call)) };
};
const at = (start: string, duration?: number) => ({ start, ...(duration === undefined ? {} : { duration }) });

test("legs that follow one another are one call, what begins elsewhere is another", () => {
  const memory = openCallMemory();
  expect(memory.conflict("a", at("2026-01-01T10:00:00Z", 300))).toBeUndefined();
  expect(memory.conflict("a", at("2026-01-01T10:00:00Z", 300))).toBeUndefined();
  expect(memory.conflict("a", at("2026-01-01T10:05:30Z", 600))).toBeUndefined();
  expect(memory.conflict("a", at("2026-01-01T10:15:40Z", 5))).toBeUndefined();
  expect(memory.conflict("c", at("2026-01-01T10:00:00Z"))).toBeUndefined();
  expect(memory.conflict("c", at("2026-01-01T10:40:00Z"))).toBeUndefined();
  expect(memory.conflict("c", at("2026-01-01T15:00:00Z"))).toContain("that one 2026-01-01 10:00:00");
  expect(memory.conflict("a", at("2026-01-01T11:00:00Z", 60))).toContain("that one 2026-01-01 10:00:00");
  expect(memory.conflict("a", at("2026-01-01T09:00:00Z", 60))).toContain("that one 2026-01-01 10:00:00");
  expect(memory.conflict("b", at("2026-01-01T11:00:00", 60))).toBeUndefined();
  expect(memory.conflict("b", at("2026-01-02T11:00:00", 60))).toContain("that one 2026-01-01 11:00:00");
});

test("without starts, numbers tell; without either, lengths and directions do", () => {
  const memory = openCallMemory();
  const told = (key: string, ...calls: Call[]) => calls.map((call) => memory.conflict(key, call) !== undefined);
  expect(told("a", {}, at("no time"), at("1950-01-01T00:00:00Z"), at("2026-01-01T10:00:00Z"), {})).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
  const [anna, bert, carl] = ["+44 20 7183 8750", "+49 30 1234567", "0044 121 496 0000"];
  expect(told("b", { from: anna, to: "201" }, { from: "02071838750", to: "202" }, { from: carl }, {})).toEqual([
    false,
    false,
    true,
    false,
  ]);
  expect(told("c", { from: anna, to: bert }, { from: bert, to: carl }, { to: bert, duration: 9 })).toEqual([
    false,
    false,
    false,
  ]);
  expect(told("d", { duration: 300, direction: "inbound" }, { duration: 280 }, { duration: 20 })).toEqual([
    false,
    false,
    true,
  ]);
  expect(
    told("e", { duration: 1e6, direction: "outbound" }, { direction: "internal" }, { direction: "inbound" }),
  ).toEqual([false, false, true]);
  expect(told("f", { direction: "inbound" }, { direction: "outbound" })).toEqual([false, true]);
  expect(told("g", { from: anna, session: "s" }, { from: carl, session: "s" }, { from: carl })).toEqual([
    false,
    false,
    true,
  ]);
});

test("a million and a half recordings fit, more are forgotten and not confused", () => {
  const memory = openCallMemory();
  for (let index = 0; index < 1_600_000; index++) {
    if (memory.conflict(`ringcentral/${401_786_000_000 + index}`, at("2026-01-01T10:00:00Z")) !== undefined) {
      throw new Error(`confused at ${index}`);
    }
  }
  expect(memory.conflict("ringcentral/401787599999", at("2026-01-02T10:00:00Z"))).toContain(
    "that one 2026-01-01 10:00:00",
  );
});

test("a row in conflict is told in words", () => {
  const given = openGivenRows({});
  const ref = { key: "tim/3/4/N", source: "tim", id: "N", locator: {} } as const;
  expect(given.conflict({ ...ref, call: at("2026-01-01T10:00:00Z") })).toBeUndefined();
  expect(given.conflict({ ...ref, call: at("2026-01-02T10:00:00Z") })).toMatch(/names recording N .* a different call/);
});

const stored: Call = {
  start: "2026-01-01T10:00:00.417Z",
  duration: 61,
  direction: "inbound",
  from: "+442071838750",
  to: "+493012345678",
  session: "s-1",
};

test.each<[string, Call]>([
  ["nothing", {}],
  ["seconds only", { ...stored, start: "2026-01-01T10:00:00Z", duration: 62 }],
  ["another offset's spelling", { ...stored, start: "2026-01-01T15:30:00+05:30" }],
  ["local time of a zone", { start: "2026-01-01T05:00:00", from: "2071838750.0" }],
  ["a date only", { start: "2026-01-01T00:00:00" }],
  ["minutes only", { start: "2026-01-01T10:00Z" }],
  ["national numbers", { from: "(020) 7183-8750", to: "030 12345678" }],
  ["an outside line and an extension", { from: "9,02071838750".replace(",", " "), to: "+493012345678 x12" }],
  ["a masked number", { from: "+44207****750", to: "anonymous" }],
  ["damaged numbers", { from: "4.42072E+11" }],
  ["sides that changed", { from: stored.to!, to: stored.from! }],
  ["a call that went on", { ...stored, duration: 3600 }],
  ["its length alone, grown", { duration: 600 }],
  ["a later leg", { start: "2026-01-01T10:01:30Z", from: "+442071838750", to: "+441214960000" }],
  ["another leg of its session", { start: "2026-01-01T12:00:00Z", from: "+441214960000", session: "s-1" }],
  ["the other direction of the same numbers", { direction: "outbound", from: "+442071838750" }],
])("%s does not make it another call", (_, call) => {
  expect(differenceOf(traitsOf(stored), traitsOf(call), { grows: true })).toBeUndefined();
});

test.each<[string, Call, RegExp]>([
  ["a day later", { start: "2026-01-02T10:00:00Z" }, /began 2026-01-02 10:00:00, that one 2026-01-01 10:00:00/],
  ["a day later by some local clock", { start: "2026-01-02T10:00:00" }, /began/],
  ["an hour earlier", { ...stored, session: "s-2", start: "2026-01-01T09:00:00Z" }, /began/],
  ["other numbers at the same time", { ...stored, session: "s-2", from: "+441214960000", to: "1" }, /no number/],
  ["another caller", { from: "+441214960000" }, /no number/],
  ["a much shorter one", { duration: 0 }, /lasted 0 s, that one 61 s/],
  ["another direction", { direction: "outbound" }, /is outbound, that one inbound/],
])("%s is another call", (_, call, words) => {
  expect(differenceOf(traitsOf(stored), traitsOf(call), { grows: true })).toMatch(words);
});

test("calls that are alike at first sight never differ at the second", () => {
  const random = openRandom();
  const pick = <Value>(values: readonly Value[]) => values[random(values.length)] as Value;
  const starts = [undefined, "2026-01-01T10:00:00Z", "2026-01-01", "2026-01-01 00:00", "1950-01-01T00:00:00Z", "soon"];
  const numbers = [
    undefined,
    "+442071838750",
    "0049 30 1234567",
    "201",
    "anonymous",
    "9-1 (800) 555-0199 x3",
    "tel:+15551234567",
  ];
  const callOf = (): CallMarks => ({
    ...some("start", pick(starts)),
    ...some("from", pick(numbers)),
    ...some("to", pick(numbers)),
    ...some("duration", pick([undefined, 0, 5, 3600, 1e6])),
    ...some("direction", pick([undefined, "inbound", "outbound", "internal"] as const)),
    ...some("session", pick([undefined, "a", "b"])),
  });
  let alike = 0;
  for (let round = 0; round < 5000; round++) {
    const before = callOf();
    const { start, from, to, ...rest } = callOf();
    const told = random(9) === 0 ? { start, from, to } : before;
    const call = { ...rest, ...some("start", told.start), ...some("from", told.from), ...some("to", told.to) };
    if (!areAlike(before, call, traitsOf(call))) continue;
    alike += 1;
    const difference = differenceOf(traitsOf(before), traitsOf(call), { grows: true });
    if (difference !== undefined) expect([before, call]).toBe(difference);
  }
  expect(alike).toBeGreaterThan(1000);
});

function some<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]?: Value });
}
