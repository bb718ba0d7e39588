import { expect, test } from "vitest";
import type { DownloadEvent } from "../../src/core/model/events.ts";
import { openPlainReporter } from "../../src/reporters/plain.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { done, failed, finished, runStarted, skipped } from "./events.ts";
import { collectingStream } from "./streams.ts";

const minute = 60_000;

function opened({ quiet = false, total }: { quiet?: boolean; total?: number } = {}) {
  const clock = heldClock(Date.UTC(2026, 10, 21, 12, 2, 11));
  const stream = collectingStream();
  const reporter = openPlainReporter({
    stream,
    clock,
    quiet,
    statsMs: minute,
    color: false,
    timezone: "Europe/Berlin",
    redact: (text) => text.replaceAll("s3cret", "***"),
    ratePerMinute: () => 10,
    ...(total === undefined ? {} : { total }),
  });
  return { clock, stream, reporter, report: (...events: DownloadEvent[]) => events.forEach(reporter.report) };
}

test("once a minute one line tells how far the run is", async () => {
  const { clock, stream, reporter, report } = opened({ total: 4812 });
  report(runStarted, failed("a"), failed("b"));
  for (let i = 0; i < 1202; i += 1) report(done(`r/${i}`, 2_858_000));
  await clock.advance(minute);
  expect(stream.lines().at(-1)).toBe(
    "2026-11-21 13:03:11 +01:00 1,204 of 4,812 recordings, 3.2 GiB, 10/min, ≈ 6 h 1 min left, 2 failed",
  );
  await clock.advance(minute);
  expect(stream.lines().filter((line) => line.includes("4,812"))).toHaveLength(2);
  await reporter.close();
  expect(clock.sleeping).toBe(0);
});

test("the line says what is waited for while it is waited for, and counts what was skipped", async () => {
  const { clock, stream, reporter, report } = opened();
  report(runStarted, skipped("a"), {
    event: "waiting",
    reason: "RingCentral's s3cret",
    untilMs: clock.now() + 2 * minute - 1,
  });
  await clock.advance(minute);
  expect(stream.lines()).toEqual([
    "2026-11-21 13:03:11 +01:00 1 recording, 0 B, 0/min, 1 skipped, waiting for RingCentral's *** until 13:04:10 +01:00",
  ]);
  await clock.advance(minute);
  expect(stream.lines().at(-1)).not.toContain("waiting");
  await reporter.close();
});

test("failures and warnings are told as they happen, without secrets and control characters", async () => {
  const { stream, reporter, report } = opened();
  report(
    failed("ringcentral/1", "s3cret \x1b[2J"),
    failed("ringcentral/2", "Recording ringcentral/2 is gone."),
    { event: "notice", level: "warning", message: "Plain http." },
    { event: "notice", level: "info", message: "Resumed." },
    { event: "row-rejected", file: "calls.csv", line: 7, message: "No id." },
  );
  reporter.messages.write("a log line\n");
  await reporter.close();
  expect(stream.lines()).toEqual([
    "callreel: failed: ringcentral/1: *** [2J",
    "callreel: failed: Recording ringcentral/2 is gone.",
    "callreel: warning: Plain http.",
    "Resumed.",
    "callreel: warning: calls.csv:7: No id.",
    "a log line",
  ]);
});

test("a warning that comes again and again is told once, and at the end how often", async () => {
  const { stream, reporter, report } = opened();
  for (let at = 0; at < 35; at += 1) report({ event: "notice", level: "warning", message: "Plain http." });
  report(finished());
  await reporter.close();
  expect(stream.lines().slice(0, 2)).toEqual([
    "callreel: warning: Plain http.",
    "callreel: warning: Plain http. … (repeated 34 times)",
  ]);
});

test("a file of the wrong kind does not print a warning for each of its rows", async () => {
  const { stream, reporter, report } = opened();
  for (let line = 1; line <= 1000; line += 1) report({ event: "row-rejected", file: "x.csv", line, message: "No id." });
  await reporter.close();
  expect(stream.lines()).toHaveLength(21);
  expect(stream.lines().at(-1)).toBe("callreel: warning: more than 20 rows cannot be read; the rest are only counted.");
});

test("quiet prints nothing when all went well, however long it took", async () => {
  const { clock, stream, reporter, report } = opened({ quiet: true });
  report(runStarted, done("a"), { event: "notice", level: "info", message: "Resumed." });
  await clock.advance(5 * minute);
  report(finished({ done: 1 }));
  await reporter.close();
  expect(stream.written()).toBe("");
});

test("quiet still tells failures, warnings and what the run came to", async () => {
  const { stream, reporter, report } = opened({ quiet: true });
  report(
    runStarted,
    failed("tim/1"),
    finished({ done: 3, bytes: 2048, failed: 1, exitCode: 3, reasons: { "server-error": 1 } }),
  );
  await reporter.close();
  expect(stream.lines()).toEqual([
    "callreel: failed: tim/1: The server answered 500.",
    "Finished in 2 min 3 s: 3 recordings (2.0 KiB), 1 failed.",
  ]);
});

test("after the summary no more lines come by themselves", async () => {
  const { clock, stream, reporter, report } = opened();
  report(runStarted, finished({ skipped: 2, reasons: { done: 2 } }));
  await clock.advance(5 * minute);
  await reporter.close();
  expect(stream.lines()).toEqual(["Nothing new in 2 min 3 s: 0 recordings, 2 skipped (already downloaded)."]);
});

const listing = (rows: number, to: string): DownloadEvent => {
  return { event: "listing", source: "ringcentral", rows, from: "2026-08-01T00:00:00.000Z", to };
};

test("a listing that takes its time tells within two seconds what is listed and what it waits for, then at each line", async () => {
  const { clock, stream, reporter, report } = opened();
  report(listing(0, "2026-08-01T00:00:00.000Z"), listing(1250, "2026-09-01T00:00:00.000Z"), {
    event: "waiting",
    reason: "RingCentral's budget",
    untilMs: clock.now() + 20_000,
  });
  await clock.advance(2_000);
  expect(stream.lines()).toEqual([
    "2026-11-21 13:02:12 +01:00 1,250 calls listed, up to 2026-09-01, waiting for RingCentral's budget until 13:02:31 +01:00",
  ]);
  report(runStarted, listing(2500, "2026-10-01T00:00:00.000Z"));
  await clock.advance(minute);
  expect(stream.lines().at(-1)).toContain("2,500 calls listed, up to 2026-10-01");
  await reporter.close();
  expect(clock.sleeping).toBe(0);
});

test("a listing that is soon over, and a quiet run, say nothing of it", async () => {
  for (const quiet of [false, true]) {
    const { clock, stream, reporter, report } = opened({ quiet });
    report(listing(0, "2026-08-01T00:00:00.000Z"));
    if (quiet) await clock.advance(10_000);
    await reporter.close();
    expect(stream.lines()).toEqual([]);
  }
});

test("failures that differ only in the recording are folded after the third", async () => {
  const { stream, reporter, report } = opened();
  for (let at = 0; at < 50; at++) report({ ...failed(`r/${at}`), message: `Recording r/${at}: no.` } as DownloadEvent);
  report({ ...failed("r/99"), message: "Something else." } as DownloadEvent);
  await reporter.close();
  expect(stream.lines()).toEqual([
    "callreel: failed: Recording r/0: no.",
    "callreel: failed: Recording r/1: no.",
    "callreel: failed: Recording r/2: no.",
    expect.stringContaining("more recordings in the same way"),
    expect.stringContaining("Something else."),
  ]);
});
