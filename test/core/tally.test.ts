import { expect, it } from "vitest";
import { openTally } from "../../src/core/download/tally.ts";
import { RecordingError } from "../../src/core/model/errors.ts";

it("tells who said that recordings cannot be had, with an example of each reason, and how many are short", () => {
  const tally = openTally();
  const evidence = { says: "gone", by: "m", times: 2, firstMs: 0, lastMs: 1, proven: true, askedMs: 1 } as const;
  for (const key of ["tim/1/2/3", "tim/1/2/4"])
    tally.hear({ event: "recording-skipped", key, reason: "gone", evidence });
  tally.hear({ event: "recording-skipped", key: "tim/1/2/5", reason: "unproven", evidence });
  const done = { path: "a", bytes: 1, sha256: "", contentType: "audio/wav", ms: 1, call: {} } as const;
  tally.hear({ event: "recording-done", key: "tim/1/2/6", short: true, ...done });
  tally.hear({ event: "recording-done", key: "tim/1/2/7", short: true, shortAgain: true, ...done });
  expect(tally.summary(1)).toMatchObject({
    reasons: { gone: 2, unproven: 1 },
    absent: [
      { reason: "gone", entries: 2, example: "tim/1/2/3", evidence },
      { reason: "unproven", entries: 1, example: "tim/1/2/5" },
    ],
    short: 2,
    shortAgain: 1,
  });
});

it("counts done, skipped, failed and rejected, with their reasons", () => {
  const tally = openTally();
  const call = {};
  tally.hear({
    event: "recording-done",
    key: "tim/1/2/3",
    path: "a",
    bytes: 10,
    sha256: "",
    contentType: "audio/wav",
    ms: 1,
    call,
  });
  tally.hear({ event: "recording-skipped", key: "tim/1/2/4", reason: "done" });
  tally.hear({ event: "recording-skipped", reason: "no-recording" });
  tally.hear({ event: "recording-skipped", reason: "no-recording" });
  tally.hear({
    event: "recording-failed",
    code: "gone",
    message: "",
    key: "tim/1/2/5",
    source: "tim",
    id: "5",
    locator: {},
    call,
  });
  tally.hear({ event: "row-rejected", file: "calls.csv", line: 7, message: "" });
  tally.hear({ event: "waiting", reason: "", untilMs: 0 });
  expect([tally.done, tally.bytes]).toEqual([1, 10]);
  expect(tally.summary(5)).toEqual({
    done: 1,
    skipped: 3,
    failed: 1,
    rejected: 1,
    bytes: 10,
    ms: 5,
    reasons: { done: 1, "no-recording": 2, gone: 1 },
  });
});

it("keeps what stopped the run first", () => {
  const tally = openTally();
  tally.stopped(new RecordingError("disk-full", "full"));
  tally.stopped(new RecordingError("interrupted", "later"));
  expect(tally.summary(1).stoppedBy).toEqual({ code: "disk-full", message: "full" });
});

it("tells why parts of what was asked for could not be had, each reason once", () => {
  const tally = openTally();
  expect(tally.summary(1)).not.toHaveProperty("incomplete");
  for (const code of ["forbidden", "forbidden", "server-error"] as const)
    tally.hear({ event: "incomplete", what: "Voicemail of extension 101", code, message: "not listed" });
  expect(tally.summary(1)).toMatchObject({ incomplete: ["forbidden", "server-error"], reasons: { incomplete: 3 } });
});
