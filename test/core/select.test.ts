import { describe, expect, it } from "vitest";
import type { SkipReason } from "../../src/core/model/events.ts";
import { excluded, isInstant, isUncertain, isWholeSelection } from "../../src/core/selection.ts";

const now = Date.UTC(2026, 10, 21, 12);
const instant = {
  start: "2026-11-20T10:00:00.000Z",
  duration: 30,
  direction: "inbound",
  from: "+15551234567",
  to: "101",
  type: "Automatic",
} as const;
const naive = { ...instant, start: "2026-11-20 10:00:00" };

describe("excluded", () => {
  it("keeps everything when nothing is asked", () => {
    expect(excluded({}, {}, now)).toBeUndefined();
  });

  it("compares instants with instants; the end is exclusive", () => {
    const at = Date.parse(instant.start);
    expect(excluded(instant, { fromMs: at, toMs: at + 1 }, now)).toBeUndefined();
    expect(excluded(instant, { fromMs: at + 1 }, now)).toBe("filtered");
    expect(excluded(instant, { toMs: at }, now)).toBe("filtered");
  });

  it("compares naive times as the text they are, whatever the zone", () => {
    const bounds = { fromMs: 0, fromLocal: "2026-11-20T10:00:00", toMs: now, toLocal: "2026-11-20T10:00:01" };
    expect(excluded(naive, bounds, now)).toBeUndefined();
    expect(excluded(naive, { ...bounds, fromLocal: "2026-11-20T10:00:01" }, now)).toBe("filtered");
    expect(excluded(naive, { ...bounds, toLocal: "2026-11-20T10:00:00" }, now)).toBe("filtered");
  });

  it("leaves a call without a start out of any window", () => {
    expect(excluded({}, { fromMs: 0 }, now)).toBe("filtered");
  });

  it("matches direction, extension and duration", () => {
    expect(excluded(instant, { direction: "outbound" }, now)).toBe("filtered");
    expect(excluded(instant, { direction: "inbound" }, now)).toBeUndefined();
    expect(excluded({ ...instant, extension: "7" }, { extension: "7" }, now)).toBeUndefined();
    expect(excluded({ ...instant, extension: "8" }, { extension: "7" }, now)).toBe("filtered");
    expect(excluded(instant, { minDurationSeconds: 31 }, now)).toBe("filtered");
    expect(excluded({}, { minDurationSeconds: 1 }, now)).toBeUndefined();
  });

  it("finds a number on either side, with or without its prefix and punctuation", () => {
    expect(excluded(instant, { number: "(555) 123-4567" }, now)).toBeUndefined();
    expect(excluded(instant, { number: "101" }, now)).toBeUndefined();
    expect(excluded(instant, { number: "999" }, now)).toBe("filtered");
    expect(excluded(instant, { number: "none" }, now)).toBe("filtered");
  });

  it("is uncertain of a call that does not tell what is asked for, unless something else excludes it", () => {
    const { from: _, ...callerless } = instant;
    expect(excluded(instant, { extension: "7" }, now)).toBe("unknown-field");
    expect(excluded({}, { direction: "inbound" }, now)).toBe("unknown-field");
    expect(excluded({}, { number: "999" }, now)).toBe("unknown-field");
    expect(excluded(callerless, { number: "999" }, now)).toBe("unknown-field");
    expect(excluded({ ...callerless, direction: "outbound" }, { number: "999" }, now)).toBe("filtered");
    expect(excluded({ to: "101" }, { number: "999" }, now)).toBe("filtered");
    expect(excluded(instant, { extension: "7", direction: "outbound" }, now)).toBe("filtered");
    expect(["unknown-field", "unknown-start", "filtered"].map((reason) => isUncertain(reason as SkipReason))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("matches the recording type only where the call tells one", () => {
    expect(excluded(instant, { recordingType: "ondemand" }, now)).toBe("filtered");
    expect(excluded(instant, { recordingType: "automatic" }, now)).toBeUndefined();
    expect(excluded(instant, { recordingType: "all" }, now)).toBeUndefined();
    expect(excluded({}, { recordingType: "ondemand" }, now)).toBeUndefined();
  });

  it("leaves out what is past the source's retention, by its own word or by what is usual", () => {
    const past = { beforeMs: now - 91 * 86_400_000, assumed: false };
    const old = { ...instant, start: new Date(past.beforeMs - 1).toISOString() };
    expect(excluded(old, { expired: past }, now)).toBe("past-retention");
    expect(excluded(old, { expired: { ...past, assumed: true } }, now)).toBe("past-usual-retention");
    expect(excluded({ ...old, start: new Date(past.beforeMs).toISOString() }, { expired: past }, now)).toBeUndefined();
    expect(excluded({}, { expired: past }, now)).toBeUndefined();
  });

  it("leaves young calls for later", () => {
    const young = { ...instant, start: new Date(now - 60_000).toISOString() };
    expect(excluded(young, { minAgeMs: 120_000 }, now)).toBe("too-young");
    expect(excluded(young, { minAgeMs: 30_000 }, now)).toBeUndefined();
    const local = { minAgeMs: 1, youngLocal: "2026-11-20T09:00:00" };
    expect(excluded(naive, local, now)).toBe("too-young");
    expect(excluded(naive, { minAgeMs: 1 }, now)).toBeUndefined();
    expect(excluded({}, { minAgeMs: 1 }, now)).toBeUndefined();
  });
});

it.each([
  ["2026-11-20T10:00:00Z", true],
  ["2026-11-20T10:00:00+01:00", true],
  ["2026-11-20T10:00:00", false],
  ["2026-11-20", false],
])("%s is an instant: %s", (text, expected) => {
  expect(isInstant(text)).toBe(expected);
});

it("only time, and no other filter, leaves a selection whole", () => {
  expect([{}, { fromMs: 1, toMs: 2 }, { recordingType: "all" as const }].map(isWholeSelection)).toEqual([
    true,
    true,
    true,
  ]);
  const filters = [{ direction: "inbound" as const }, { number: "1" }, { recordingType: "ondemand" as const }];
  expect(filters.map(isWholeSelection)).toEqual([false, false, false]);
});
