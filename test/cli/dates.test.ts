import { describe, expect, it } from "vitest";
import { localText, parseWhen, startMs, zoneOf } from "../../src/cli/dates.ts";

const now = Date.UTC(2026, 10, 21, 12, 30);
const when = (text: string, zone = "UTC") => new Date(parseWhen(text, now, zone, "--from")).toISOString();

describe("parseWhen", () => {
  it.each([
    ["2026-05-01", "2026-05-01T00:00:00.000Z"],
    ["2026-05-01T09:03", "2026-05-01T09:03:00.000Z"],
    ["2026-05-01 09:03:07", "2026-05-01T09:03:07.000Z"],
    ["2026-05-01T09:03:07Z", "2026-05-01T09:03:07.000Z"],
    ["2026-05-01T09:03:07+02:00", "2026-05-01T07:03:07.000Z"],
    ["now", "2026-11-21T12:30:00.000Z"],
    ["today", "2026-11-21T00:00:00.000Z"],
    ["yesterday", "2026-11-20T00:00:00.000Z"],
    ["7d", "2026-11-14T12:30:00.000Z"],
    ["today-2w", "2026-11-07T00:00:00.000Z"],
    ["36h", "2026-11-20T00:30:00.000Z"],
  ])("understands %s", (text, expected) => {
    expect(when(text)).toBe(expected);
  });

  it("begins days at midnight of the zone", () => {
    expect(when("2026-05-01", "Europe/London")).toBe("2026-04-30T23:00:00.000Z");
    expect(when("today", "America/New_York")).toBe("2026-11-21T05:00:00.000Z");
  });

  it("takes the earlier of a doubled hour for --from and the later for --to", () => {
    const from = parseWhen("2026-10-25T01:30", now, "Europe/London", "--from");
    const to = parseWhen("2026-10-25T01:30", now, "Europe/London", "--to");
    expect(to - from).toBe(3_600_000);
  });

  it.each(["", "tomorrow-ish", "31/12/2026", "2026-13-01"])("refuses %j and says what is understood", (text) => {
    expect(() => when(text)).toThrow(/--from: .* is no time; write 2024-05-01/);
  });
});

it("writes an instant as local text of a zone", () => {
  expect(localText(now, "Europe/Berlin")).toBe("2026-11-21T13:30:00");
});

it("reads a call's start as an instant, or as local time of the zone", () => {
  expect(startMs("2026-11-21T12:30:00Z", "Asia/Tokyo")).toBe(now);
  expect(startMs("2026-11-21 21:30:00", "Asia/Tokyo")).toBe(now);
  expect(startMs("gibberish", "UTC")).toBeUndefined();
  expect(startMs("gibberishZ", "UTC")).toBeUndefined();
  expect(startMs(undefined, "UTC")).toBeUndefined();
});

it.each([
  "99999999999999d",
  "99999y",
  "today-9999999999999999999999w",
  "9999999999999999999999h",
  "+275760-01-01",
  "9999999mo",
])("refuses %j, beyond the calendar, without a stack", (text) => {
  expect(() => parseWhen(text, Date.parse("2026-05-01T00:00:00Z"), "UTC", "--from")).toThrow(/^--from: /);
});

it("refuses an unknown zone by name", () => {
  expect(zoneOf("Europe/Paris")).toBe("Europe/Paris");
  expect(() => zoneOf("Mars/Base")).toThrow(/--timezone: "Mars\/Base" is no IANA time zone/);
});
