import { expect, test } from "vitest";
import { summaryLines } from "../../src/reporters/summary.ts";
import { finished } from "./events.ts";

const lines = (fields: Parameters<typeof finished>[0], dest?: string) =>
  summaryLines(finished(fields), { color: false, timezone: "UTC", ...(dest === undefined ? {} : { dest }) });

test("a run with failures tells the reasons, the most frequent first, and the next command", () => {
  const reasons = { done: 14, timeout: 1, "not-audio": 1001 };
  expect(lines({ done: 398, bytes: 1.2 * 1024 ** 3, skipped: 14, failed: 1002, exitCode: 3, reasons })).toEqual([
    "Finished in 2 min 3 s: 398 recordings (1.2 GiB), 14 skipped (already downloaded), 1,002 failed.",
    "  1,001  answer is not audio",
    "      1  timed out",
    "`callreel status` shows what failed and why; the same command tries only those again.",
  ]);
});

test("a good run is one sentence and where the recordings are", () => {
  expect(lines({ done: 1, bytes: 2048 }, "./recordings")).toEqual([
    "Done in 2 min 3 s: 1 recording (2.0 KiB).",
    "Saved in ./recordings.",
  ]);
});

test("several reasons for skips are listed", () => {
  expect(lines({ done: 1, bytes: 1, skipped: 5, reasons: { done: 2, filtered: 3 } })).toEqual([
    "Done in 2 min 3 s: 1 recording (1 B), 5 skipped.",
    "  3  outside the selection",
    "  2  already downloaded",
  ]);
});

test("unreadable rows are counted", () => {
  expect(lines({ rejected: 3, exitCode: 2 })).toEqual(["Finished in 2 min 3 s: 0 recordings, 3 unreadable rows."]);
});

test("an interrupted run says that nothing is lost", () => {
  expect(
    lines({ done: 3, bytes: 3, exitCode: 130, stoppedBy: { code: "interrupted", message: "Interrupted." } }),
  ).toEqual([
    "Interrupted after 2 min 3 s: 3 recordings (3 B).",
    "Nothing is lost: run the same command again to continue.",
  ]);
});

test("a cap is told once, in the run's own words", () => {
  const message = "Stopped at --max-downloads 3, and there is more: run the same command again to continue.";
  expect(lines({ exitCode: 8, stoppedBy: { code: "cap-reached", message } }).slice(1)).toEqual([message]);
});

test("a run that had to stop says why, in one harmless line", () => {
  expect(lines({ exitCode: 13, stoppedBy: { code: "disk-full", message: "Disk\x1b full.\nFree some." } })).toEqual([
    "Stopped after 2 min 3 s: 0 recordings.",
    "callreel: Disk full. Free some.",
  ]);
});

test("an unknown reason is told by its name, and colours only when asked for", () => {
  const summary = finished({ failed: 1, exitCode: 3, reasons: { bug: 1 } });
  expect(summaryLines(summary, { color: false })[1]).toBe("  1  bug");
  expect(summaryLines(summary, { color: true })[1]).toBe("\x1b[31m  1  bug\x1b[39m");
});

test("what is gone is told with whose word that is, also where it is the only reason, and what is short", () => {
  const evidence = {
    says: "gone",
    by: "media.example",
    times: 2,
    firstMs: Date.UTC(2026, 10, 1),
    lastMs: Date.UTC(2026, 10, 3),
    proven: true,
    askedMs: 0,
  } as const;
  const absent = [{ reason: "gone", entries: 2, example: "ringcentral/1", evidence }] as const;
  expect(lines({ done: 1, bytes: 1, skipped: 2, reasons: { gone: 2 }, absent, short: 1 }).slice(1)).toEqual([
    "  2  deleted or expired at the source (ringcentral/1: media.example said so 2 times from 2026-11-01 00:00:00 +00:00 to 2026-11-03 00:00:00 +00:00)",
    "  1  clearly shorter than its call; the next run downloads it once more",
  ]);
  expect(lines({ done: 1, bytes: 1, short: 2 })).toContain(
    "  2  clearly shorter than their calls; the next run downloads them once more",
  );
  expect(lines({ done: 3, bytes: 1, short: 3, shortAgain: 2 }).slice(1)).toEqual([
    "  1  clearly shorter than its call; the next run downloads it once more",
    "  2  clearly shorter than their calls even when downloaded again; not asked for again (--force-overwrites asks)",
  ]);
});
