import { expect, test } from "vitest";
import { beginOf, cutDays, daysOf, knownZone, todayIn } from "../../src/player/library/date-words.ts";

/** A Sunday. */
const today = "2026-11-29";
const britain = { today, locale: "en-GB" };
const america = { today, locale: "en-US" };

test.each([
  ["5 Oct 2026", "2026-10-05", "2026-10-06"],
  ["5th October 2026", "2026-10-05", "2026-10-06"],
  ["October 5, 2026", "2026-10-05", "2026-10-06"],
  ["Mon 5 Oct 2026", "2026-10-05", "2026-10-06"],
  ["Monday, 5 October 2026", "2026-10-05", "2026-10-06"],
  ["the 5 of Oct", undefined, undefined],
  ["5.10.2026", "2026-10-05", "2026-10-06"],
  ["5/10/2026", "2026-10-05", "2026-10-06"],
  ["5/10/26", "2026-10-05", "2026-10-06"],
  ["2026-10-05", "2026-10-05", "2026-10-06"],
  ["2026/10/5", "2026-10-05", "2026-10-06"],
  ["20261005", "2026-10-05", "2026-10-06"],
  ["5 Oct", "2026-10-05", "2026-10-06"],
  ["5 Dec", "2025-12-05", "2025-12-06"],
  ["29 Feb", "2024-02-29", "2024-03-01"],
  ["October 2026", "2026-10-01", "2026-11-01"],
  ["oct 2026", "2026-10-01", "2026-11-01"],
  ["2026-10", "2026-10-01", "2026-11-01"],
  ["10/2026", "2026-10-01", "2026-11-01"],
  ["December", "2025-12-01", "2026-01-01"],
  ["2026", "2026-01-01", "2027-01-01"],
  ["today", "2026-11-29", "2026-11-30"],
  ["Yesterday", "2026-11-28", "2026-11-29"],
  ["this week", "2026-11-23", "2026-11-30"],
  ["last week", "2026-11-16", "2026-11-23"],
  ["last month", "2026-10-01", "2026-11-01"],
  ["this month", "2026-11-01", "2026-12-01"],
  ["sunday", "2026-11-22", "2026-11-23"],
  ["last fri", "2026-11-27", "2026-11-28"],
  ["31 Nov 2026", undefined, undefined],
  ["2026-13", undefined, undefined],
  ["32/10/2026", undefined, undefined],
  ["5 Oct 2026 Nov", undefined, undefined],
  ["soon", undefined, undefined],
  ["", undefined, undefined],
])("%s is from %s until %s", (text, start, end) => {
  expect(daysOf(text, britain)).toEqual(start === undefined ? undefined : { start, end });
});

test("whether the day or the month comes first the language decides, where both can be", () => {
  expect(daysOf("5/10/2026", america)?.start).toBe("2026-05-10");
  expect(daysOf("13/10/2026", america)?.start).toBe("2026-10-13");
  expect(daysOf("5.10.2026", america)?.start).toBe("2026-10-05");
  expect(daysOf("10/13/2026", britain)?.start).toBe("2026-10-13");
  expect(daysOf("5. Dezember 2025", { today, locale: "de-DE" })?.start).toBe("2025-12-05");
  expect(daysOf("5/10/2026", { today, locale: "no language" })?.start).toBe("2026-10-05");
});

test.each([
  ["Müller 5 Oct 2026", "2026-10-05", "Müller"],
  ["October 5, 2026 230", "2026-10-05", "230"],
  ["yesterday Anna", "2026-11-28", "Anna"],
  ["2026-10 230", "2026-10-01", "230"],
  ["5 oct anna", "2026-10-05", "anna"],
  ["April May", undefined, "April May"],
  ["Friday", undefined, "Friday"],
  ["020 7183 8750", undefined, "020 7183 8750"],
  ["20261005", undefined, "20261005"],
  ["10-12", undefined, "10-12"],
  ["5/10/2026", "2026-10-05", ""],
])("a search for %s is one on the day %s for %s", (text, start, rest) => {
  const cut = cutDays(text.split(" "), britain);
  expect([cut.days?.start, cut.rest.join(" ")]).toEqual([start, rest]);
});

test("a day begins when it does where the listener is, also when clocks change", () => {
  expect(beginOf("2026-10-05", "Europe/Berlin")).toBe("2026-10-04T22:00:00");
  expect(beginOf("2026-10-26", "Europe/Berlin")).toBe("2026-10-25T23:00:00");
  expect([knownZone("Europe/Berlin"), knownZone("Nowhere"), knownZone(null)]).toEqual([
    "Europe/Berlin",
    undefined,
    undefined,
  ]);
  const now = Date.parse("2026-11-28T23:30:00Z");
  expect([todayIn("Europe/Berlin", now), todayIn(undefined, now)]).toEqual(["2026-11-29", "2026-11-28"]);
});
