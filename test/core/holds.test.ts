import { describe, expect, test } from "vitest";
import { covers, type HoldRule, holdsAreLost, holdsOver, ruleInWords, ruleOf, ruleText } from "../../src/core/holds.ts";
import type { Call } from "../../src/core/model/recording.ts";

function of(call: Call) {
  return { key: "ringcentral/1", source: "ringcentral" as const, id: "1", call };
}

const march = { fromMs: Date.UTC(2026, 2, 1), fromLocal: "2026-03-01T00:00:00" };

describe("a hold keeps", () => {
  test.each<[string, HoldRule, Call]>([
    ["the recording that it names", { key: "ringcentral/1" }, {}],
    ["a number, however it is written", { number: "020 7183 8750" }, { from: "+442071838750" }],
    ["a call that tells no number at all", { number: "020 7183 8750" }, {}],
    ["a call in its window", { window: march }, { start: "2026-03-01T00:00:00Z" }],
    ["a call of unknown start", { window: march, number: "1" }, { to: "1" }],
    ["a call of unknown direction and extension", { direction: "inbound", extension: "101" }, {}],
    ["a person", { name: "muller", source: "ringcentral" }, { name: "Müller" }],
  ])("%s", (_, rule, call) => expect(covers(rule, of(call))).toBe(true));

  test.each<[string, HoldRule, Call]>([
    ["another recording", { key: "ringcentral/2" }, {}],
    ["another number", { number: "020 7183 8750" }, { extension: "101" }],
    ["a call before its window", { window: march }, { start: "2026-02-28T00:00:00Z" }],
    ["the other direction", { direction: "inbound" }, { direction: "outbound" }],
    ["another extension", { extension: "101" }, { extension: "102" }],
    ["a call without a name", { name: "muller" }, {}],
    ["another system's", { source: "tim", name: "muller" }, { name: "Müller" }],
  ])("not %s", (_, rule, call) => expect(covers(rule, of(call))).toBe(false));
});

test("a hold whose record is damaged keeps everything", () => {
  const damaged = { name: "hold-1", atMs: 0 };
  const other = { name: "hold-2", atMs: 0, rule: { key: "ringcentral/2" } };
  expect(holdsOver([damaged, other], of({}))).toEqual([damaged]);
});

test("a rule is told in words", () => {
  expect(ruleInWords({ key: "ringcentral/1" }, "UTC")).toBe("recording ringcentral/1");
  const window = { ...march, toMs: Date.UTC(2026, 3, 1), toLocal: "2026-04-01T00:00:00" };
  const rule = {
    source: "tim",
    direction: "inbound",
    number: "1",
    extension: "2",
    name: "A",
    text: "B",
    window,
  } as const;
  expect(ruleInWords(rule, "UTC")).toBe(
    'tim, inbound, number 1, extension 2, name "A", text "B", calls from 2026-03-01 00:00:00 +00:00, calls before 2026-04-01 00:00:00 +00:00',
  );
  expect(ruleInWords(undefined, "UTC")).toContain("damaged");
});

test("a rule is written as one text, and read back only when it is understood", () => {
  const rule: HoldRule = { number: "1", window: march };
  expect(ruleText({ window: march, number: "1" })).toBe(ruleText(rule));
  expect(ruleOf(ruleText(rule))).toEqual(rule);
  for (const text of [
    "",
    "{}",
    "[]",
    "null",
    '{"number":1}',
    '{"other":"x"}',
    '{"window":{"fromMs":"1"}}',
    '{"window":null}',
  ])
    expect(ruleOf(text)).toBeUndefined();
});

test("lost holds are told with what to do", () => {
  expect(holdsAreLost("all of them")).toMatchObject({
    code: "ledger",
    message: expect.stringContaining("hold confirm"),
  });
});
