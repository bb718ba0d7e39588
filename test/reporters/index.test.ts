import { expect, test } from "vitest";
import { combine, openReporter, type ReporterSettings } from "../../src/reporters/index.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { done, finished, runStarted } from "./events.ts";
import { collectingStream, terminalStream } from "./streams.ts";

async function shown(settings: Partial<ReporterSettings>) {
  const stdout = settings.stdout ?? collectingStream();
  const stderr = settings.stderr ?? collectingStream();
  const screen = await openReporter({
    mode: "auto",
    json: false,
    quiet: false,
    clock: heldClock(),
    color: true,
    ratePerMinute: () => 10,
    total: 2,
    ...settings,
    stdout,
    stderr,
  });
  screen.report(runStarted);
  screen.report(done("a"));
  screen.messages.write("a log line\n");
  screen.report(finished({ done: 1, bytes: 1024 }));
  await screen.close();
  const text = (stream: unknown) => (stream as ReturnType<typeof collectingStream>).written();
  return { out: text(stdout), err: text(stderr) };
}

const hasBars = /\x1b\[\?25l/;

test("auto draws bars on a terminal", async () => {
  const { out, err } = await shown({ stderr: terminalStream() });
  expect(err).toMatch(hasBars);
  expect(out).toBe("");
});

test("auto writes plain lines off a terminal, without colours", async () => {
  const { out, err } = await shown({});
  expect(err).toBe("a log line\nDone in 2 min 3 s: 1 recording (1.0 KiB).\n");
  expect(out).toBe("");
});

test("bars asked for off a terminal become plain lines", async () => {
  expect((await shown({ mode: "bar" })).err).not.toMatch(hasBars);
});

test("plain asked for on a terminal draws no bars", async () => {
  expect((await shown({ mode: "plain", stderr: terminalStream() })).err).not.toMatch(hasBars);
});

test("quiet on a terminal prints nothing but what others say", async () => {
  expect((await shown({ quiet: true, stderr: terminalStream() })).err).toBe("a log line\n");
});

test("none shows nothing", async () => {
  expect(await shown({ mode: "none" })).toEqual({ out: "", err: "a log line\n" });
});

test("--progress json puts the events on stderr", async () => {
  const { out, err } = await shown({ mode: "json" });
  expect(out).toBe("");
  expect(err).toContain('{"event":"recording-done"');
});

test("--json puts only events on stdout, beside whatever stderr shows", async () => {
  const { out, err } = await shown({ json: true, stderr: terminalStream() });
  const events = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).event);
  expect(events).toEqual(["run-started", "recording-done", "run-finished"]);
  expect(err).toMatch(hasBars);
});

test("--json onto the terminal itself leaves the screen to the events", async () => {
  expect((await shown({ json: true, stdout: terminalStream(), stderr: terminalStream() })).err).toBe("a log line\n");
});

test("every sentence passes the redactor", async () => {
  const redact = { clean: (text: string) => text.replaceAll("Done", "***") };
  expect((await shown({ redact })).err).toContain("*** in 2 min 3 s");
});

test("combined reporters hear the same and close one after the other", async () => {
  const heard: string[] = [];
  const reporter = (name: string, ms: number) => ({
    report: () => void heard.push(name),
    close: () => new Promise<void>((resolve) => setTimeout(() => resolve(void heard.push(`${name} closed`)), ms)),
  });
  const both = combine([reporter("one", 20), reporter("two", 0)]);
  both.report(runStarted);
  await both.close();
  expect(heard).toEqual(["one", "two", "one closed", "two closed"]);
});
