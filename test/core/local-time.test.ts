import { describe, expect, it } from "vitest";
import { momentText, timeText } from "../../src/core/local-time.ts";

describe("a moment", () => {
  it.each([
    ["UTC", "2026-03-05 13:03:22 +00:00"],
    ["Etc/UTC", "2026-03-05 13:03:22 +00:00"],
    ["Europe/Berlin", "2026-03-05 14:03:22 +01:00"],
    ["America/New_York", "2026-03-05 08:03:22 -05:00"],
    ["America/St_Johns", "2026-03-05 09:33:22 -03:30"],
    ["Asia/Kathmandu", "2026-03-05 18:48:22 +05:45"],
  ])("is written in %s, with its offset", (zone, text) => {
    expect(momentText(Date.parse("2026-03-05T13:03:22.987Z"), zone)).toBe(text);
  });

  it("keeps the two hours apart that autumn repeats", () => {
    const [first, second] = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map((at) =>
      momentText(Date.parse(at), "Europe/London"),
    );
    expect([first, second]).toEqual(["2026-10-25 01:30:00 +01:00", "2026-10-25 01:30:00 +00:00"]);
  });

  it("is told in the system's zone where none is named", () => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    expect(momentText(0, undefined)).toBe(momentText(0, timeZone));
  });

  it("is unknown where it is none that a calendar has", () => {
    expect([Number.NaN, 1e18, -1e18].map((ms) => momentText(ms, "UTC"))).toEqual(Array(3).fill("unknown time"));
  });
});

it.each([
  ["2026-03-05T13:03:22.120Z", "2026-03-05 14:03:22 +01:00"],
  ["2026-03-05T13:03:22,5+00:00", "2026-03-05 14:03:22 +01:00"],
  ["2026-03-05T13:03:22", "2026-03-05 13:03:22"],
  ["2026-03-05 13:03", "2026-03-05 13:03"],
  ["2026-03-05", "2026-03-05"],
  ["2026-13-45T13:03:22Z", "2026-13-45 13:03:22"],
  ["last Tuesday", "last Tuesday"],
  ["", "unknown"],
  [undefined, "unknown"],
])("the start %j is shown as %j: only an instant is moved into the zone", (start, text) => {
  expect(timeText(start, "Europe/Berlin")).toBe(text);
});
