import { expect, test } from "vitest";
import { openBarReporter } from "../../src/reporters/bar.ts";
import { growth, linear } from "../helpers/cpu-cost.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { done, failed, finished, progressed, runStarted, started } from "./events.ts";
import { terminalStream } from "./streams.ts";

function opened(columns = 80, rows = 24, color = false) {
  const stream = terminalStream(columns, rows);
  const redact = (text: string) => text.replaceAll("s3cret", "***");
  return { stream, reporter: openBarReporter({ stream, color, redact, clock: heldClock(), total: 100 }) };
}

const frames = (text: string) => text.split("\x1b[K");
const drawn = (stream: { written(): string }) => expect.poll(() => frames(stream.written()).length).toBeGreaterThan(2);

test("nothing is drawn before the run starts, and messages still get through", async () => {
  const { stream, reporter } = opened();
  reporter.messages.write("early\n");
  await reporter.close();
  expect(stream.written()).toBe("early\n");
});

test("a frame has at most rows - 1 lines, however many transfers there are", async () => {
  const { stream, reporter } = opened(80, 10);
  reporter.report(runStarted);
  for (let i = 0; i < 200; i += 1) reporter.report(started(`r/${i}`, { name: `caller ${i}.` }));
  await drawn(stream);
  await expect.poll(() => stream.written()).toContain("caller 6.");
  expect(stream.written()).not.toContain("caller 7.");
  expect(stream.written().split("\n").length - 1).toBeLessThanOrEqual(8);
  await reporter.close();
});

test("a message stands above the bars: they are wiped before it and drawn again after it", async () => {
  const { stream, reporter } = opened();
  reporter.report(runStarted);
  await drawn(stream);
  reporter.report(failed("tim/1", "s3cret"));
  await expect
    .poll(() => stream.written())
    .toContain("\x1b[2K\x1b[1B\x1b[2K\x1b[1A\r\x1b[?7hcallreel: failed: tim/1: ***\n\x1b[?7l");
  await expect.poll(() => stream.written().split("***\n")[1]).toContain("1/100");
  await reporter.close();
});

test("close wipes the bars, shows late messages and gives the cursor back before its first await", () => {
  const { stream, reporter } = opened();
  reporter.report(runStarted);
  reporter.messages.write("last words\n");
  let text = "";
  stream.write = (chunk: string) => {
    text += chunk;
    return true;
  };
  void reporter.close();
  expect(text).toContain("last words\n");
  expect(text.endsWith("\x1b[2K\x1b[1B\x1b[2K\x1b[1A\r")).toBe(true);
  expect(text.lastIndexOf("\x1b[?25h")).toBeGreaterThan(text.lastIndexOf("\x1b[?25l"));
  expect(text.lastIndexOf("\x1b[?7h")).toBeGreaterThan(text.lastIndexOf("\x1b[?7l"));
});

test("the summary follows the bars, and later messages follow the summary", async () => {
  const { stream, reporter } = opened();
  reporter.report(runStarted);
  reporter.report(finished({ done: 2, bytes: 2048 }));
  reporter.messages.write("a hook failed\n");
  reporter.report(started("late"));
  await reporter.close();
  expect(stream.written()).toMatch(
    /\x1b\[2K\x1b\[1A\rDone in 2 min 3 s: 2 recordings \(2\.0 KiB\)\.\na hook failed\n$/,
  );
  expect(stream.listenerCount("resize")).toBe(0);
});

test("on resize what was drawn is wiped line for line as the terminal has folded it", async () => {
  const { stream, reporter } = opened(80, 24);
  reporter.report(runStarted);
  reporter.report(started("a", { from: "x".repeat(60) }));
  reporter.report(progressed("a", 1, 2));
  await expect.poll(() => stream.written()).toContain("1 B of 2 B");
  const before = stream.written().length;
  stream.columns = 40;
  stream.emit("resize");
  // Total (1 line, 32 wide), status (empty) and a file row of 67 columns, now two lines: from the last of 4 up to the first.
  await expect
    .poll(() => stream.written().slice(before))
    .toContain(`\x1b[3A\r\x1b[2K${"\x1b[1B\x1b[2K".repeat(3)}\x1b[3A\r`);
  await reporter.close();
});

test("colours only when asked for", async () => {
  const plain = opened();
  const colored = opened(80, 24, true);
  for (const { reporter, stream } of [plain, colored]) {
    reporter.report(runStarted);
    reporter.report(done("a"));
    await drawn(stream);
    await reporter.close();
  }
  expect(plain.stream.written()).not.toMatch(/\x1b\[\d+m/);
  expect(colored.stream.written()).toMatch(/\x1b\[2m░/);
});

test("the cost of events grows with their number only while bars are drawn", async () => {
  const { reporter } = opened();
  reporter.report(runStarted);
  const skip = (count: number) => {
    for (let i = 0; i < count; i += 1) reporter.report({ event: "recording-skipped", key: `r/${i}`, reason: "done" });
  };
  expect(growth(skip, 64_000)).toBeLessThan(linear);
  await reporter.close();
});
