// Drives a reporter from dist through a run of recordings, batch after batch until the file `end` exists;
// started by bar.terminal.test.ts inside a terminal.
import { existsSync } from "node:fs";
import { openReporter } from "../../dist/reporters/index.js";

const [transfers, stepMs] = process.argv.slice(2, 4).map(Number);
const end = process.argv[4];
const total = 10_000;
let count = 0;
const clock = { now: Date.now, monotonic: () => performance.now(), sleep: async () => {} };
const screen = await openReporter({
  mode: "auto",
  json: false,
  quiet: false,
  stdout: process.stdout,
  stderr: process.stderr,
  clock,
  color: false,
  total,
  ratePerMinute: () => 10,
});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const started = performance.now();

screen.report({ event: "run-started", runId: "r", sources: ["ringcentral"], dest: "./recordings" });
for (let first = 0; first === 0 || !existsSync(end); first += transfers) {
  const keys = Array.from({ length: transfers }, (_, i) => `ringcentral/${first + i}`);
  keys.forEach((key, i) => {
    const call = {
      start: "2026-01-31T14:03:00Z",
      from: `\x1b[2J\u202E+4930${i}\n`,
      to: i % 2 ? "日本語の名前" : "Anna",
    };
    screen.report({ event: "recording-started", key, call });
  });
  for (let part = 1; part <= 4; part += 1) {
    for (const key of keys)
      screen.report({ event: "recording-progress", key, bytes: part * 250_000, total: 1_000_000 });
    await pause(stepMs);
  }
  screen.report({ event: "waiting", reason: "RingCentral's budget", untilMs: Date.now() + 60_000 });
  screen.report({ event: "notice", level: "warning", message: `batch ${first} ${"long ".repeat(25)}end` });
  screen.messages.write(`log line ${first}\n`);
  for (const key of keys) {
    screen.report({
      event: "recording-done",
      key,
      path: `${key}.wav`,
      bytes: 1_000_000,
      sha256: "",
      contentType: "audio/wav",
      ms: 5,
      call: {},
    });
    count += 1;
  }
}
const summary = {
  done: count,
  skipped: 0,
  failed: 0,
  rejected: 0,
  bytes: count * 1_000_000,
  ms: performance.now() - started,
  reasons: {},
};
screen.report({ event: "run-finished", exitCode: 0, ...summary });
await screen.close();
