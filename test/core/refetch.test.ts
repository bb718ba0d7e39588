import { describe, expect, it } from "vitest";
import { expectAfter, isShort, pathOf, shortness, usualTolerance, withKnown } from "../../src/core/download/refetch.ts";
import type { LedgerEntry } from "../../src/core/model/ledger.ts";
import type { Stored } from "../../src/core/model/recording.ts";
import { callRef } from "../helpers/calls-server.ts";

const held = (path: string, audioSeconds?: number): Stored => ({
  path,
  bytes: 1,
  sha256: "",
  contentType: "audio/wav",
  ...(audioSeconds === undefined ? {} : { audioSeconds }),
});
const entry = (call: object): LedgerEntry => {
  const ref = { ...callRef("a"), call };
  return { ref, state: "done", attempts: 0, firstSeenMs: 0, changedMs: 0, runId: "" };
};

describe("a recording that is fetched again", () => {
  it("has all that is known of its call, but what is asked for comes first", () => {
    const asked = { ...callRef("a"), call: { to: "2" } };
    expect(withKnown(asked, entry({ from: "1", to: "1" })).call).toEqual({ from: "1", to: "2" });
    expect(withKnown({ ...asked, locator: {} }, entry({})).locator).toEqual({ voicefilename: "a" });
    expect(withKnown(asked, undefined)).toBe(asked);
  });

  it.each([
    ["2026/a.wav", "2026/a.{ext}"],
    ["2026/a.b.mp3", "2026/a.b.{ext}"],
    ["2026/a.audio", "2026/a.audio"],
  ])("of %s goes to %s", (path, to) => {
    expect(pathOf({ before: held(path), why: "asked" })).toBe(to);
  });

  it("replaces a short one only by a longer one", () => {
    const plain = { key: "tim/1/2/a", resume: true, overwrite: false };
    expect(expectAfter(plain, { before: held("a.wav", 9), why: "short" }).longerThanSeconds).toBe(9);
    expect(expectAfter(plain, { before: held("a.wav"), why: "short" }).longerThanSeconds).toBe(0);
    expect(expectAfter(plain, { before: held("a.wav", 9), why: "asked" })).toEqual({ ...plain, overwrite: true });
    expect(expectAfter(plain, { before: held("a.wav", 60), why: "asked" }).longerThanSeconds).toBe(30);
    expect(expectAfter(plain, { before: held("a.wav", 40), why: "asked" }).longerThanSeconds).toBe(10);
    expect(expectAfter(plain, { before: held("a.wav", 40), why: "missing" }).longerThanSeconds).toBeUndefined();
  });
});

describe("audio is short", () => {
  it.each([
    [60, 10, true],
    [60, 29.9, true],
    [60, 31, false],
    [40, 10.1, false],
    [1000, 600, false],
    [1000, 499, true],
    [undefined, 10, false],
    [60, undefined, false],
  ])("for a call of %s s with %s s of it: %s", (duration, audio, short) => {
    expect(isShort(duration === undefined ? {} : { duration }, audio, usualTolerance)).toBe(short);
  });

  it("is told in numbers", () => {
    expect(shortness({ duration: 60.4 }, 9.6)).toBe("10 s of audio for a call of 60 s");
    expect(shortness({})).toBe("0 s of audio for a call of 0 s");
  });
});
