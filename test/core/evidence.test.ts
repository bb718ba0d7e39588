import { describe, expect, it } from "vitest";
import {
  type Evidence,
  evidenceInWords,
  isAbsence,
  isOld,
  isQuiet,
  isYoung,
  type Word,
  weigh,
  wordOf,
} from "../../src/core/download/evidence.ts";
import { RecordingError } from "../../src/core/model/errors.ts";

const hour = 3_600_000;
const day = 24 * hour;
const t0 = Date.UTC(2026, 10, 1);
const call = { start: "2026-10-01T10:00:00Z", duration: 60 };
const word = (atMs: number, more: Partial<Word> = {}): Word => ({
  says: "gone",
  by: "media.example",
  call,
  localMs: t0 + atMs,
  retentionDays: 90,
  ...more,
});
const given = (...words: Word[]) => words.reduce<Evidence | undefined>(weigh, undefined) as Evidence;

describe("evidence that a recording cannot be had", () => {
  it("is not proven by one answer", () => {
    expect(given(word(0))).toEqual({
      says: "gone",
      by: "media.example",
      times: 1,
      firstMs: t0,
      lastMs: t0,
      proven: false,
      askedMs: t0,
      waitMs: hour,
    });
  });

  it.each([
    [2 * hour, false],
    [22 * hour, false],
    [day, true],
    [8 * day, true],
  ])("of two answers %i ms apart is proven: %s", (apart, proven) => {
    expect(given(word(0), word(apart))).toMatchObject({ times: 2, firstMs: t0, lastMs: t0 + apart, proven });
  });

  it("lets the distance grow, and goes on asking while the source keeps recordings", () => {
    const words = [0, 1, 2, 3, 4, 5, 6].map((at) => word(at * day));
    const waits = words.map((_, at) => (given(...words.slice(0, at + 1)).waitMs ?? 0) / hour);
    expect(waits).toEqual([1, 6, 24, 72, 168, 168, 168]);
  });

  it("is final at once past the source's retention", () => {
    const old = given(word(0, { call: { start: "2026-07-01T10:00:00Z", duration: 60 } }));
    expect(old).toMatchObject({ times: 1, proven: true });
    expect(old).not.toHaveProperty("waitMs");
    expect(isQuiet(old, t0 + 1000 * day)).toBe(true);
  });

  it("has no past without a known retention or start", () => {
    const start = { start: "2020-01-01T10:00:00Z" };
    const { retentionDays: _, ...tim } = word(0, { call: start });
    expect(weigh(undefined, tim).proven).toBe(false);
    expect(given(word(0, { call: {} })).proven).toBe(false);
  });

  it("of a refusal is none while the source keeps the recording: who asks may be let in again", () => {
    const refused = (atMs: number) => word(atMs, { says: "forbidden" });
    const words = [0, day, 2 * day, 30 * day].map(refused);
    expect(given(...words)).toMatchObject({ times: 4, proven: false, waitMs: 3 * day });
    const unknown = words.slice(0, 3).map((each) => ({ ...each, call: {} }));
    expect(given(...unknown)).toMatchObject({ proven: false, waitMs: day });
    expect(given(refused(50 * day))).toMatchObject({ proven: false });
    const last = given(refused(50 * day), refused(61 * day));
    expect(last).toMatchObject({ times: 2, proven: true });
    expect(last).not.toHaveProperty("waitMs");
  });

  it("begins anew when the source says something else", () => {
    expect(given(word(0), word(2 * day, { says: "forbidden" }))).toMatchObject({
      says: "forbidden",
      times: 1,
      proven: false,
    });
  });

  it.each<[string, Word[]]>([
    ["ours jumps ahead by a year", [word(0, { serverMs: t0 }), word(365 * day, { serverMs: t0 + hour })]],
    ["ours was ahead by a year", [word(365 * day, { serverMs: t0 }), word(hour, { serverMs: t0 + hour })]],
    ["the server's jumps ahead by a year", [word(0, { serverMs: t0 }), word(hour, { serverMs: t0 + 365 * day })]],
    ["the server's was ahead by a year", [word(0, { serverMs: t0 + 365 * day }), word(hour, { serverMs: t0 + hour })]],
    ["ours is ahead and comes back", [word(9 * day, { serverMs: t0 }), word(day / 2, { serverMs: t0 + day / 2 })]],
  ])("is not proven where %s between two answers of an hour", (_, words) => {
    expect(given(...words).proven).toBe(false);
  });

  it("is not past retention by our clock alone", () => {
    expect(given(word(200 * day, { serverMs: t0 })).proven).toBe(false);
  });

  it.each([
    ["no start", {}],
    ["a start on this very day", { start: "2026-10-31T22:00:00Z", duration: 60 }],
    ["a start that cannot be read", { start: "yesterday", duration: 60 }],
  ])("is asked for by every run where the call has %s, until it is proven", (_, young) => {
    const once = given(word(0, { call: young }));
    expect(once.waitMs).toBe(0);
    expect(isQuiet(once, t0)).toBe(false);
    expect(given(word(0, { call: young }), word(2 * day, { call: young }))).toMatchObject({
      proven: true,
      waitMs: 6 * hour,
    });
  });

  it("is quiet until its time, and never because of a clock that was set back", () => {
    const once = given(word(0));
    expect([-day, 0, hour - 1, hour].map((at) => isQuiet(once, t0 + at))).toEqual([false, true, true, false]);
  });

  it("is told in a few words", () => {
    expect(evidenceInWords(given(word(0)), "UTC")).toBe(
      "media.example said so on 2026-11-01 00:00:00 +00:00, not proven yet",
    );
    expect(evidenceInWords(given(word(0), word(2 * day)), "UTC")).toBe(
      "media.example said so 2 times from 2026-11-01 00:00:00 +00:00 to 2026-11-03 00:00:00 +00:00",
    );
  });
});

describe("the age of a call", () => {
  it.each([
    [{ start: "2026-10-31T20:00:00Z", duration: 3600 }, true, false],
    [{ start: "2026-10-31T19:00:00Z", duration: 3600 }, false, true],
    [{ start: "2026-10-30T22:00:00Z" }, true, false],
    [{ start: "2026-10-30T19:00:00Z" }, false, true],
    [{ start: "2026-10-31T10:00:00", duration: 60 }, true, false],
    [{}, false, false],
  ])("%o is young: %s, old: %s", (of, young, old) => {
    expect([isYoung(of, t0), isOld(of, t0)]).toEqual([young, old]);
  });
});

describe("the word of a source", () => {
  const ref = { call };
  const head = { status: 404, headers: { date: "Sun, 01 Nov 2026 00:00:05 GMT" } };
  const witness = { by: "media.example", explicit: true };

  it("is in an error that has a witness, with the server's own time", () => {
    expect(wordOf(new RecordingError("gone", "x", { head, witness }), ref, t0)).toEqual({
      says: "gone",
      by: "media.example",
      call,
      localMs: t0,
      serverMs: t0 + 5000,
    });
    expect(wordOf(new RecordingError("forbidden", "x", { witness }), ref, t0)).not.toHaveProperty("serverMs");
  });

  it("is in no other", () => {
    expect(wordOf(new RecordingError("gone", "x", { head }), ref, t0)).toBeUndefined();
    expect(wordOf(new RecordingError("timeout", "x", { witness }), ref, t0)).toBeUndefined();
    expect([isAbsence("gone"), isAbsence("done")]).toEqual([true, false]);
  });
});
