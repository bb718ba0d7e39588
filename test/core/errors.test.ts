import { expect, it } from "vitest";
import { asRecordingError, defaultVerdict, RecordingError } from "../../src/core/model/errors.ts";

it("gives every code the verdict that fits it, unless told otherwise", () => {
  expect(defaultVerdict("disk-full")).toBe("stop");
  expect(defaultVerdict("timeout")).toBe("retry");
  expect(defaultVerdict("link-expired")).toBe("renew");
  expect(defaultVerdict("not-audio")).toBe("give-up");
  expect(new RecordingError("not-audio", "x", { verdict: "renew" }).verdict).toBe("renew");
});

it("takes anything thrown: aborts are interruptions, the rest are bugs that keep their cause", () => {
  const known = new RecordingError("gone", "gone");
  expect(asRecordingError(known)).toBe(known);
  expect(asRecordingError(new DOMException("stop", "AbortError")).code).toBe("interrupted");
  const abort = Object.assign(new Error("abort", { cause: known }), { name: "AbortError" });
  expect(asRecordingError(abort)).toBe(known);
  const bug = new TypeError("undefined is not a function");
  expect(asRecordingError(bug)).toMatchObject({ code: "bug", cause: bug });
  expect(asRecordingError("text")).toMatchObject({ code: "bug", message: "Unexpected error: text" });
});

it("tells of a module or a thread that no file descriptor was left for, and stops", () => {
  const module = Object.assign(new Error("EMFILE: too many open files, open 'index.js'"), { code: "EMFILE" });
  const thread = new Error("Worker initialization failure: EMFILE");
  for (const cause of [module, thread]) {
    expect(asRecordingError(cause)).toMatchObject({ code: "too-many-files", verdict: "stop", cause });
    expect(asRecordingError(cause).message).toContain("ulimit -n");
  }
});
