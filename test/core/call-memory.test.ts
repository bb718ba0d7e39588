import { expect, test } from "vitest";
import { openCallMemory } from "../../src/core/call-memory.ts";
import { openGivenRows } from "../../src/core/given-rows.ts";

const at = (start: string, duration?: number) => ({ start, ...(duration === undefined ? {} : { duration }) });

test("legs that follow one another are one call, what begins elsewhere is another", () => {
  const memory = openCallMemory();
  expect(memory.conflict("a", at("2026-01-01T10:00:00Z", 300))).toBeUndefined();
  expect(memory.conflict("a", at("2026-01-01T10:00:00Z", 300))).toBeUndefined();
  expect(memory.conflict("a", at("2026-01-01T10:05:30Z", 600))).toBeUndefined();
  expect(memory.conflict("a", at("2026-01-01T10:15:40Z", 5))).toBeUndefined();
  expect(memory.conflict("c", at("2026-01-01T10:00:00Z"))).toBeUndefined();
  expect(memory.conflict("c", at("2026-01-01T10:40:00Z"))).toBeUndefined();
  expect(memory.conflict("c", at("2026-01-01T15:00:00Z"))).toBe("2026-01-01 10:00:00");
  expect(memory.conflict("a", at("2026-01-01T11:00:00Z", 60))).toBe("2026-01-01 10:00:00");
  expect(memory.conflict("a", at("2026-01-01T09:00:00Z", 60))).toBe("2026-01-01 10:00:00");
  expect(memory.conflict("b", at("2026-01-01T11:00:00", 60))).toBeUndefined();
  expect(memory.conflict("b", at("2026-01-02T11:00:00", 60))).toBe("2026-01-01 11:00:00");
});

test("calls without a start that can be compared are never in conflict", () => {
  const memory = openCallMemory();
  for (const call of [{}, at("no time"), at("1950-01-01T00:00:00Z"), at("2026-01-01T10:00:00Z"), {}]) {
    expect(memory.conflict("a", call)).toBeUndefined();
  }
});

test("a million and a half recordings fit, more are forgotten and not confused", () => {
  const memory = openCallMemory();
  for (let index = 0; index < 1_600_000; index++) {
    if (memory.conflict(`ringcentral/${401_786_000_000 + index}`, at("2026-01-01T10:00:00Z")) !== undefined) {
      throw new Error(`confused at ${index}`);
    }
  }
  expect(memory.conflict("ringcentral/401787599999", at("2026-01-02T10:00:00Z"))).toBe("2026-01-01 10:00:00");
}, 60_000);

test("a row in conflict is told in words", () => {
  const given = openGivenRows({});
  const ref = { key: "tim/3/4/N", source: "tim", id: "N", locator: {} } as const;
  expect(given.conflict({ ...ref, call: at("2026-01-01T10:00:00Z") })).toBeUndefined();
  expect(given.conflict({ ...ref, call: at("2026-01-02T10:00:00Z") })).toMatch(/names recording N .* another call/);
});
