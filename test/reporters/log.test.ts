import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRedactor } from "../../src/core/redact.ts";
import { type LogSettings, openEventLog, openLog } from "../../src/reporters/log.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";
import { done, failed, finished, progressed, runStarted, skipped, started } from "./events.ts";

const time = "2026-11-21 09:00:00 +09:00";
const utc = "2026-11-21T00:00:00.000Z";
const entry = { method: "GET", url: "https://media.test/recording/1", status: 200, ms: 12.6, requestId: "abc-1" };

function logged(settings: Partial<LogSettings> = {}) {
  const lines: string[] = [];
  const redact = openRedactor();
  redact.add("s3cret-value");
  const stream = { write: (text: string) => lines.push(text) };
  return {
    lines,
    log: openLog({
      level: "debug",
      format: "text",
      clock: heldClock(),
      redact,
      stream,
      trouble: stream,
      timezone: "Asia/Tokyo",
      ...settings,
    }),
  };
}

test("a text line has time, level and message", () => {
  const { lines, log } = logged();
  log.error("one");
  log.warn("two");
  log.info("three");
  log.debug("four");
  expect(lines).toEqual([
    `${time} error one\n`,
    `${time} warn  two\n`,
    `${time} info  three\n`,
    `${time} debug four\n`,
  ]);
});

test("a request is one line with method, host and path, status, time and RingCentral's id", () => {
  const { lines, log } = logged();
  log.request(entry);
  log.request({ method: "POST", url: "https://tim.test/voice.wav?token=1", status: undefined, ms: 3 });
  expect(lines).toEqual([
    `${time} debug GET https://media.test/recording/1 200 13 ms RCRequestId=abc-1\n`,
    `${time} debug POST https://tim.test/voice.wav no answer 3 ms\n`,
  ]);
});

test("in JSON each line is one object", () => {
  const { lines, log } = logged({ format: "json" });
  log.info('a "quoted" word');
  log.request(entry);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { time: utc, level: "info", message: 'a "quoted" word' },
    {
      time: utc,
      level: "debug",
      message: "request",
      method: "GET",
      url: "https://media.test/recording/1",
      status: 200,
      ms: 13,
      RCRequestId: "abc-1",
    },
  ]);
});

test("the file gets what the screen is spared", () => {
  using folder = openTempFolder();
  const file = join(folder.path, "run.log");
  const { lines, log } = logged({ level: "warn", fileLevel: "info", file });
  log.info("one");
  log.warn("two");
  log.debug("three");
  log.close();
  expect([lines, readFileSync(file, "utf8")]).toEqual([
    [`${time} warn  two\n`],
    `${time} info  one\n${time} warn  two\n`,
  ]);
});

test("less urgent messages than asked for are left out", () => {
  const { lines, log } = logged({ level: "warn" });
  log.error("one");
  log.warn("two");
  log.info("three");
  log.request(entry);
  expect(lines).toHaveLength(2);
});

test.each(["text", "json"] as const)(
  "no form of a secret gets into a %s line, not even broken by invisible characters",
  (format) => {
    const { lines, log } = logged({ format });
    log.warn("s3cret-value s3cret\u200b-value access_token=abc user:pw@x https://u:pw@host/x?token=1 Bearer abc.def1");
    log.request({ method: "GET", url: "https://host/s3cret-value", status: 200, ms: 1, requestId: "s3cret-value" });
    expect(lines.join("")).not.toMatch(/s3cret|=abc|u:pw|token=1|def1/);
  },
);

test("the file is appended to, only its owner may read it, and each line is there at once", () => {
  using folder = openTempFolder();
  const file = join(folder.path, "run.log");
  const first = logged({ file }).log;
  first.info("one");
  expect(readFileSync(file, "utf8")).toBe(`${time} info  one\n`);
  first.close();
  const { log, lines } = logged({ file });
  log.info("two");
  log.close();
  log.info("after the end");
  expect(readFileSync(file, "utf8")).toBe(`${time} info  one\n${time} info  two\n`);
  expect(lines).toHaveLength(2);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a file that cannot be opened is a usage error that names the flag", () => {
  using folder = openTempFolder();
  const open = () => logged({ file: join(folder.path, "missing", "run.log") });
  expect(open).toThrow(
    expect.objectContaining({ code: "usage", message: expect.stringMatching(/^--log-file: .*ENOENT/) }),
  );
});

test.skipIf(process.platform !== "linux")("a full disk ends the file with one word on the screen, not the run", () => {
  const { lines, log } = logged({ file: "/dev/full" });
  log.info("one");
  log.info("two");
  expect(lines).toEqual([
    `${time} info  one\n`,
    "callreel: warning: the log file /dev/full cannot be written any more (ENOSPC).\n",
    `${time} info  two\n`,
  ]);
});

test.skipIf(process.platform !== "linux")("a full disk is told on the screen though it shows no other line", () => {
  const told: string[] = [];
  const trouble = { write: (text: string) => told.push(text) };
  const log = openLog({
    level: "info",
    format: "text",
    file: "/dev/full",
    clock: Date,
    redact: openRedactor(),
    trouble,
  });
  log.info("one");
  log.info("two");
  expect(told).toEqual(["callreel: warning: the log file /dev/full cannot be written any more (ENOSPC).\n"]);
});

test("lines of text that say the same are folded, objects are not", () => {
  const [text, json] = [logged(), logged({ format: "json" })];
  for (const { log } of [text, json]) {
    for (let at = 0; at < 35; at += 1) log.warn("Plain http.");
    log.close();
  }
  expect(text.lines).toEqual([`${time} warn  Plain http.\n`, `${time} warn  Plain http. … (repeated 34 times)\n`]);
  expect(json.lines).toHaveLength(35);
});

test("a run's events become log lines of fitting levels", async () => {
  const { lines, log } = logged();
  const reporter = openEventLog(log, "Asia/Tokyo");
  const key = "tim/3/4/NCS1";
  for (const event of [
    runStarted,
    { event: "listed", source: "ringcentral", rows: 3, recordings: 2 },
    { event: "row-rejected", file: "calls.csv", line: 7, message: "No id." },
    skipped(key),
    { event: "recording-skipped", reason: "no-recording", file: "calls.csv", line: 8 },
    started(key),
    progressed(key, 5),
    { event: "attempt-failed", key, code: "reset", message: "Broke.", attempt: 1, retryInMs: 500 },
    { event: "waiting", reason: "RingCentral's budget", untilMs: Date.UTC(2026, 10, 21, 0, 1) },
    { event: "notice", level: "warning", message: "Plain http." },
    { event: "notice", level: "info", message: "Resumed." },
    done(key),
    failed(key),
    finished({ done: 1, failed: 1, exitCode: 3 }),
  ] as const) {
    reporter.report(event);
  }
  await reporter.close();
  expect(lines.map((line) => line.slice(time.length + 1).trimEnd())).toEqual([
    "info  run run-1 into ./recordings: ringcentral",
    "info  listed ringcentral: 3 rows, 2 recordings",
    "warn  calls.csv:7: No id.",
    "debug skipped tim/3/4/NCS1: done",
    "debug skipped calls.csv:8: no-recording",
    "debug started tim/3/4/NCS1",
    "warn  attempt 1 of tim/3/4/NCS1 failed (reset), next in 500 ms: Broke.",
    "info  waiting for RingCentral's budget until 2026-11-21 09:01:00 +09:00",
    "warn  Plain http.",
    "info  Resumed.",
    "info  done tim/3/4/NCS1: tim/3/4/NCS1.wav, 1,024 bytes in 12 ms",
    "error failed tim/3/4/NCS1 (server-error): The server answered 500.",
    "info  run finished: 1 done, 0 skipped, 1 failed, exit code 3",
  ]);
});
