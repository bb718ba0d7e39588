import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import {
  localText,
  localTime,
  momentText,
  startMs,
  systemZone,
  timeText,
  type Zone,
} from "../../src/core/local-time.ts";

const now = Date.UTC(2026, 10, 21, 12, 30);
/** Clocks that are put forward and back, in the north and in the south, by half an hour, by a day; and some that never are. */
const zones = [
  ...["UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo"],
  ...["Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia", "Pacific/Kiritimati"],
];

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

it("an instant is written as local text of a zone", () => {
  expect(localText(now, "Europe/Berlin")).toBe("2026-11-21T13:30:00");
  expect(localText(Date.parse("0007-01-01T00:00:00Z"), "Asia/Tokyo")).toMatch(/^0007-01-01T09:/);
});

describe("a call's start", () => {
  it("is an instant, or local time of the zone", () => {
    expect(startMs("2026-11-21T12:30:00Z", "Asia/Tokyo")).toBe(now);
    expect(startMs("2026-11-21 21:30:00", "Asia/Tokyo")).toBe(now);
    expect(startMs("2026-11-21T21:30", "Asia/Tokyo")).toBe(now);
    expect(startMs("2026-11-21 21:30:00,5", "Asia/Tokyo")).toBe(now + 500);
    expect(startMs("2026-11-21", "Asia/Tokyo")).toBe(Date.parse("2026-11-20T15:00:00Z"));
  });

  it.each(["gibberish", "gibberishZ", "2026-02-30 10:00:00", "2026-13-01", "2026-11-21T25:00", "", undefined])(
    "%j is no time",
    (start) => {
      const all: readonly Zone[] = ["UTC", "Asia/Tokyo", systemZone];
      expect(all.map((zone) => startMs(start, zone))).toEqual(all.map(() => undefined));
    },
  );

  it.each(zones)("means in %s what Temporal says, around every change of the clocks", (zone) => {
    const meant = (text: string) => Temporal.PlainDateTime.from(text).toZonedDateTime(zone).epochMilliseconds;
    expect([...eachTime()].filter((text) => startMs(text, zone) !== meant(text))).toEqual([]);
  });
});

it.each(zones)("the system's zone is read and written as %s is by its name", (zone) => {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    const inZone = (text: string, by: Zone) => {
      const ms = startMs(text, by) ?? Number.NaN;
      return JSON.stringify([ms, localText(ms, by), localTime(`${text}Z`, by)]);
    };
    expect([...eachTime()].filter((text) => inZone(text, systemZone) !== inZone(text, zone))).toEqual([]);
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});

/** Times of every day of some months in which one or another zone changes its clocks, most of them while it does. */
function* eachTime(): Iterable<string> {
  const minutes = [15, 45, 75, 105, 120, 135, 165, 180, 1439];
  for (const month of ["2011-12", "2018-02", "2018-11", "2026-03", "2026-04", "2026-10", "2026-11"]) {
    const start = Date.parse(`${month}-01T00:00:00Z`);
    for (let day = 0; day < 31; day++) {
      for (const at of minutes) yield new Date(start + (day * 1440 + at) * 60_000).toISOString().slice(0, 19);
    }
  }
}
