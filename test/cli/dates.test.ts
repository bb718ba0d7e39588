import { describe, expect, it } from "vitest";
import { parseWhen, windowOf, zoneOf } from "../../src/cli/dates.ts";
import { localText, systemZone } from "../../src/core/local-time.ts";

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
    expect(() => when(text)).toThrow(/--from: .* is not a date; use 2024-05-01/);
  });
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

describe("a month", () => {
  const hours = (month: string, timezone: string) => {
    const { fromMs = 0, toMs = 0 } = windowOf({ month, timezone }, now);
    return [new Date(fromMs).toISOString(), (toMs - fromMs) / 3_600_000];
  };

  it("lasts from its first midnight in the zone to the next month's, with the hour that summer time takes or gives", () => {
    expect(hours("2026-03", "UTC")).toEqual(["2026-03-01T00:00:00.000Z", 744]);
    expect(hours("2026-03", "Europe/London")).toEqual(["2026-03-01T00:00:00.000Z", 743]);
    expect(hours("2026-10", "Europe/London")).toEqual(["2026-09-30T23:00:00.000Z", 745]);
    expect(hours("2026-03", "America/New_York")).toEqual(["2026-03-01T05:00:00.000Z", 743]);
    expect(hours("2026-11", "America/New_York")).toEqual(["2026-11-01T04:00:00.000Z", 721]);
    expect(hours("2026-10", "Australia/Lord_Howe")).toEqual(["2026-09-30T13:30:00.000Z", 743.5]);
    expect(hours("2024-02", "Asia/Kolkata")).toEqual(["2024-01-31T18:30:00.000Z", 696]);
    expect(hours("2026-12", "Pacific/Kiritimati")).toEqual(["2026-11-30T10:00:00.000Z", 744]);
  });

  it("takes times without a zone as they are written, also where the zone skips its first midnight", () => {
    const { fromMs, ...window } = windowOf({ month: "2000-10", timezone: "America/Asuncion" }, now);
    expect(window).toMatchObject({ fromLocal: "2000-10-01T00:00:00", toLocal: "2000-11-01T00:00:00" });
    expect(new Date(fromMs ?? 0).toISOString()).toBe("2000-10-01T04:00:00.000Z");
  });

  it("meets the next one without gap or overlap", () => {
    for (const timezone of ["UTC", "Europe/London", "America/Sao_Paulo", "Asia/Beirut", "Africa/Casablanca"]) {
      for (let at = 0; at < 24; at++) {
        const name = (month: number) => `${2025 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;
        const [one, next] = [at, at + 1].map((month) => windowOf({ month: name(month), timezone }, now));
        expect([next?.fromMs, next?.fromLocal]).toEqual([one?.toMs, one?.toLocal]);
      }
    }
  });
});

it("a day that --to names is not itself in the window", () => {
  const { toMs, toLocal } = windowOf({ from: "2026-03-01", to: "2026-04-01", timezone: "Europe/London" }, now);
  expect([toMs, toLocal]).toEqual([Date.parse("2026-03-31T23:00:00Z"), "2026-04-01T00:00:00"]);
});

it("takes the zone of the settings, else the system's", () => {
  expect(zoneOf({ timezone: "Europe/Paris" })).toBe("Europe/Paris");
  expect(zoneOf({})).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});

it.each(["", "GMT+5", "GMT-3", "JST-9", "ART3", "UTC0", "EST5EDT", "Asia/Kathmandu"])(
  "reads dates by the clock that TZ=%s sets, as names and file times are",
  (zone) => {
    inSystemZone(zone, () => {
      for (const day of ["2026-01-01", "2026-07-01"]) {
        const fromMs = Date.parse(`${day}T00:00:00`);
        expect(windowOf({ from: day }, 0)).toEqual({ fromMs, fromLocal: `${day}T00:00:00` });
        expect(localText(fromMs, systemZone)).toBe(`${day}T00:00:00`);
      }
    });
  },
);

it("refuses a TZ of hours that no zone has", () => {
  inSystemZone("GMT+14", () => expect(() => zoneOf({})).toThrow("TZ names no time zone"));
});

function inSystemZone(zone: string, act: () => void): void {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    act();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}
