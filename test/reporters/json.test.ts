import { spawn } from "node:child_process";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { DownloadEvent } from "../../src/core/model/events.ts";
import { openJsonReporter } from "../../src/reporters/json.ts";
import { growth, linear } from "../helpers/cpu-cost.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { done, failed, finished, progressed, runStarted, skipped, started } from "./events.ts";
import { collectingStream } from "./streams.ts";

const time = "2026-11-21T00:00:00.000Z";

async function told(...events: DownloadEvent[]) {
  const stream = collectingStream();
  const reporter = openJsonReporter({ stream, clock: heldClock(), redact: (text) => text.replaceAll("s3cret", "***") });
  for (const event of events) reporter.report(event);
  await reporter.close();
  return stream.lines().map((line) => JSON.parse(line));
}

test("each event is one object with its name, the time and exactly its promised fields", async () => {
  const key = "ringcentral/1";
  expect(
    await told(
      runStarted,
      { event: "listed", source: "ringcentral", rows: 3, recordings: 2, from: "a", to: "b" },
      { event: "row-rejected", file: "calls.csv", line: 7, message: "No id." },
      started(key, { from: "+49" }),
      { event: "attempt-failed", key, code: "reset", message: "Broke.", attempt: 1, retryInMs: 500 },
      { event: "waiting", reason: "RingCentral's budget", untilMs: 5 },
      { event: "notice", level: "warning", message: "Plain http." },
      done(key),
      failed(key),
      finished({
        done: 1,
        bytes: 9,
        ms: 1.5,
        reasons: { done: 1 },
        stoppedBy: { code: "disk-full", message: "Full." },
      }),
    ),
  ).toEqual([
    { event: "run-started", time, runId: "run-1", sources: ["ringcentral"], dest: "./recordings" },
    { event: "listed", time, source: "ringcentral", rows: 3, recordings: 2, from: "a", to: "b" },
    { event: "row-rejected", time, file: "calls.csv", line: 7, message: "No id." },
    { event: "recording-started", time, key },
    { event: "attempt-failed", time, key, code: "reset", message: "Broke.", attempt: 1, retryInMs: 500 },
    { event: "waiting", time, reason: "RingCentral's budget", untilMs: 5 },
    { event: "notice", time, level: "warning", message: "Plain http." },
    {
      event: "recording-done",
      time,
      key,
      path: "ringcentral/1.wav",
      bytes: 1024,
      sha256: "ab".repeat(32),
      contentType: "audio/wav",
      ms: 12,
    },
    { event: "recording-failed", time, key, code: "server-error", message: "The server answered 500." },
    {
      event: "run-finished",
      time,
      done: 1,
      skipped: 0,
      failed: 0,
      bytes: 9,
      exitCode: 0,
      rejected: 0,
      ms: 2,
      reasons: { done: 1 },
      stoppedBy: { code: "disk-full", message: "Full." },
    },
  ]);
});

test("a skip tells its reason and what it knows of where, hostile characters escaped", async () => {
  expect(
    await told(skipped("a"), {
      event: "recording-skipped",
      reason: "no-recording",
      file: 'c"\n.csv',
      line: 4,
      path: "\\x",
    }),
  ).toEqual([
    { event: "recording-skipped", time, reason: "done", key: "a" },
    { event: "recording-skipped", time, reason: "no-recording", path: "\\x", file: 'c"\n.csv', line: 4 },
  ]);
});

test("progress within a recording is not told", async () => {
  expect(await told(progressed("a", 5))).toEqual([]);
});

test("no secret and nothing that moves a cursor gets into a sentence", async () => {
  const [event] = await told(failed("a", "s3\u200bcret \x1b[2J gone"));
  expect(event.message).toBe("*** [2J gone");
});

test("lines arrive within moments, without waiting for the end", async () => {
  const stream = collectingStream();
  const reporter = openJsonReporter({ stream, clock: heldClock() });
  reporter.report(runStarted);
  await expect.poll(() => stream.lines().length).toBe(1);
  await reporter.close();
});

test("a slow reader gets every line in order", async () => {
  const stream = new PassThrough({ highWaterMark: 1024 });
  const reporter = openJsonReporter({ stream, clock: heldClock() });
  const count = 5000;
  for (let i = 0; i < count; i += 1) reporter.report(skipped(`ringcentral/${i}`));
  const closed = reporter.close();
  let text = "";
  stream.on("data", (chunk) => {
    text += chunk;
  });
  await closed;
  await expect.poll(() => text.split("\n").length).toBe(count + 1);
  const keys = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).key);
  expect(keys).toEqual(Array.from({ length: count }, (_, i) => `ringcentral/${i}`));
});

test("a reader that goes away neither throws nor keeps close waiting", async () => {
  const stream = new PassThrough({ highWaterMark: 16 });
  const reporter = openJsonReporter({ stream, clock: heldClock() });
  for (let i = 0; i < 2000; i += 1) reporter.report(skipped(`ringcentral/${i}`));
  const closed = reporter.close();
  stream.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  reporter.report(runStarted);
  await closed;
});

test("the cost of skips grows with their number only", () => {
  const stream = new PassThrough();
  stream.resume();
  const reporter = openJsonReporter({ stream, clock: { now: Date.now } });
  const skip = (count: number) => {
    for (let i = 0; i < count; i += 1)
      reporter.report({ event: "recording-skipped", key: `ringcentral/${i}`, reason: "done" });
  };
  expect(growth(skip, 64_000)).toBeLessThan(linear);
  void reporter.close();
});

test("what a slow pipe has not taken yet costs little more memory than its length", async () => {
  const reporter = new URL("../../dist/reporters/json.js", import.meta.url).href;
  // Nothing of it can be taken before all is told.
  const source = `
    const { openJsonReporter } = await import(${JSON.stringify(reporter)});
    const told = openJsonReporter({ stream: process.stdout, clock: { now: Date.now } });
    const used = () => (gc(), process.memoryUsage().heapUsed + process.memoryUsage().external);
    const before = used();
    for (let i = 0; i < 400_000; i += 1) told.report({ event: "recording-skipped", key: "ringcentral/" + i, reason: "done" });
    process.stderr.write(String(used() - before));
    await told.close();
  `;
  const child = spawn(process.execPath, ["--expose-gc", "--input-type=module", "-e", source]);
  const [lines, used] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(lines.split("\n")).toHaveLength(400_001);
  expect(Number(used) / lines.length).toBeLessThan(2);
});
