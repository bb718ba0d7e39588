import { describe, expect, it } from "vitest";
import { exitCodeOf, exitCodeOfRun, worst } from "../../src/cli/exit-codes.ts";
import type { Summary } from "../../src/core/model/events.ts";

const clean: Summary = { done: 3, skipped: 0, failed: 0, rejected: 0, bytes: 1, ms: 1, reasons: {} };

describe("the exit code of a run", () => {
  it.each<[string, Partial<Summary>, number]>([
    ["nothing went wrong", {}, 0],
    ["some recordings failed", { failed: 1, reasons: { "not-audio": 1 } }, 3],
    ["a named recording is missing", { failed: 1, reasons: { "not-found": 1 } }, 4],
    ["one is missing and another failed", { failed: 2, reasons: { "not-found": 1, reset: 1 } }, 3],
    ["nobody was reached at all", { done: 0, failed: 2, reasons: { unreachable: 2 } }, 5],
    ["some were reached", { done: 1, failed: 2, reasons: { unreachable: 2 } }, 3],
    ["a row was unreadable", { rejected: 1 }, 2],
    ["the listing failed", { stoppedBy: { code: "server-error", message: "" } }, 5],
    ["the login was refused", { stoppedBy: { code: "login-refused", message: "" } }, 7],
    ["a cap was reached", { stoppedBy: { code: "cap-reached", message: "" } }, 8],
    [
      "a cap was reached and one failed",
      { failed: 1, reasons: { reset: 1 }, stoppedBy: { code: "cap-reached", message: "" } },
      3,
    ],
    [
      "the disk is full and one failed",
      { failed: 1, reasons: { reset: 1 }, stoppedBy: { code: "disk-full", message: "" } },
      13,
    ],
    ["it was interrupted", { failed: 1, reasons: { reset: 1 }, stoppedBy: { code: "interrupted", message: "" } }, 130],
    ["a bug ended it", { stoppedBy: { code: "bug", message: "" } }, 1],
  ])("when %s", (_, change, expected) => {
    expect(exitCodeOfRun({ ...clean, ...change })).toBe(expected);
  });

  it.each([
    ["SIGHUP", 129],
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("says by what it was interrupted: %s", (signal, code) => {
    expect(exitCodeOfRun({ ...clean, stoppedBy: { code: "interrupted", message: "" } }, signal)).toBe(code);
  });
});

it("knows locks and the reader that went away", () => {
  expect(exitCodeOf("locked")).toBe(11);
  expect(exitCodeOf("reader-gone")).toBe(141);
  expect(exitCodeOf("not-audio")).toBe(3);
});

it("ranks several codes by the published order", () => {
  expect(worst([0, 8, 5, 6, 4, 3, 2, 7, 13, 130])).toBe(130);
  expect(worst([0, 8, 5])).toBe(5);
  expect(worst([])).toBe(0);
});
