import { describe, expect, test } from "vitest";
import { asksForWords, fitsWords, isNumber, isWholeNumber } from "../../src/core/archive-fit.ts";
import type { Call } from "../../src/core/model/recording.ts";

function of(call: Call) {
  return { key: "ringcentral/4017", source: "ringcentral" as const, id: "4017", locator: {}, call };
}

describe("a number that a person asks for", () => {
  test.each([
    ["+16505557602", "6505557602"],
    ["+16505557602", "+1 (650) 555-7602"],
    ["(650) 555-7602", "+1 650 555 7602"],
    ["+442071838750", "020 7183 8750"],
    ["0044 20 7183 8750", "+44 20 7183-8750"],
    ["+16505557602", "7602"],
    ["Anonymous", "anonymous"],
    ["0", "0"],
  ])("finds %s by %s", (held, asked) => expect(isNumber(held, asked)).toBe(true));

  test.each([
    ["+16505557602", "6505557603"],
    ["7602", "6505557602"],
    ["555-7602", "+1 650 555 7602"],
    ["", "7602"],
    [undefined, "7602"],
    ["1800", "1-800-FLOWERS"],
    ["0", "00"],
  ])("does not find %s by %s", (held, asked) => expect(isNumber(held, asked)).toBe(false));

  test("may be asked for as a whole", () => {
    expect(isWholeNumber("+16505557602", "16505557602")).toBe(true);
    expect(isWholeNumber("+16505557602", "6505557602")).toBe(false);
    expect(isWholeNumber("anonymous", "Anonymous")).toBe(true);
    expect(isWholeNumber(undefined, "101")).toBe(false);
  });

  test("is never the end of an extension", () => {
    expect(fitsWords(of({ extension: "7101" }), { number: "101" })).toBe(false);
    expect(fitsWords(of({ extension: "101", from: "+16505550101" }), { number: "101", wholeNumber: true })).toBe(true);
  });
});

test("a person is found by words of either name, in any order, without case and accents", () => {
  const call = of({ name: "Jürgen Müller", user: "Zoë Łodz" });
  for (const name of ["muller jurgen", "ZOE", "lodz müller"]) expect(fitsWords(call, { name })).toBe(true);
  expect(fitsWords(call, { name: "muller anna" })).toBe(false);
  expect(fitsWords(of({}), { name: "muller" })).toBe(false);
});

test("text is found in numbers, names and the id", () => {
  const call = of({ from: "+1 (650) 555-7602", name: "Müller" });
  for (const text of ["6505557602", "MULLER", "401", "555-76"]) expect(fitsWords(call, { text })).toBe(true);
  expect(fitsWords(call, { text: "999" })).toBe(false);
});

test("direction and extension are compared as they are; what a call does not tell does not fit", () => {
  expect(fitsWords(of({ direction: "inbound", extension: "101" }), { direction: "inbound", extension: "101" })).toBe(
    true,
  );
  expect(fitsWords(of({ direction: "outbound" }), { direction: "inbound" })).toBe(false);
  expect(fitsWords(of({}), { extension: "101" })).toBe(false);
  expect(fitsWords(of({}), {})).toBe(true);
});

test("a filter without words asks for none", () => {
  expect(asksForWords({})).toBe(false);
  expect(asksForWords({ text: "x" })).toBe(true);
});
