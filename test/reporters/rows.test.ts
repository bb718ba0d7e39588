import { expect, test } from "vitest";
import { widthOf } from "../../src/core/width.ts";
import { fileRow, statusRow, totalRow } from "../../src/reporters/bar-texts.ts";
import { openPaint } from "../../src/reporters/paint.ts";
import { openProgress } from "../../src/reporters/progress.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { done, failed, runStarted, skipped } from "./events.ts";

const paint = openPaint(false);
const redact = (text: string) => text;
const look = (columns: number) => ({ columns, paint, redact, timezone: "Europe/Berlin" });
const reason = "RingCentral's budget";
const hostile = { start: "2026-01-31T14:03:00Z", from: "\x1b[2J\u202E日本語の名前", to: "😀".repeat(40) };

function progress(total?: number) {
  const opened = openProgress({
    clock: heldClock(0),
    ratePerMinute: () => 10,
    ...(total === undefined ? {} : { total }),
  });
  for (const event of [runStarted, done("a", 3 * 1024 ** 3), failed("b"), skipped("c")]) opened.hear(event);
  return opened;
}

function waiting(untilMs = 60_000) {
  const opened = progress();
  opened.hear({ event: "waiting", reason, untilMs });
  return opened;
}

test("no row is ever as wide as the terminal, whatever its width and whatever a name holds", () => {
  for (let columns = 10; columns <= 200; columns += 1) {
    const rows = [
      totalRow(progress(4812), { ...look(columns), paint: openPaint(true) }),
      totalRow(progress(), look(columns)),
      statusRow(waiting(), look(columns)),
      statusRow(progress(), look(columns)),
      fileRow("tim/3/4/x", { call: hostile, bytes: 5e9, total: 1e10 }, look(columns)),
      fileRow("tim/3/4/x", { call: {}, bytes: 5e9, total: undefined }, look(columns)),
    ];
    for (const row of rows) expect(widthOf(row), `${columns}: ${row}`).toBeLessThan(columns);
    expect(rows.slice(1).join("")).not.toMatch(/[\x00-\x1f\u202E]/);
  }
});

test("80 columns show bar, share, count, time left, bytes and rate", () => {
  expect(totalRow(progress(4812), look(80))).toBe("░░░░░░░░░░░░░░░░   0%  3/4,812  8 h 1 min left  3.0 GiB");
});

test("a narrow terminal gets words, the most telling first", () => {
  expect(totalRow(progress(4812), look(40))).toBe("0%  3/4,812  8 h 1 min left  3.0 GiB");
  expect(totalRow(progress(4812), look(15))).toBe("0%  3/4,812");
});

test("without a known total there is no bar to lie with", () => {
  expect(totalRow(progress(), look(80))).toBe("3 handled  3.0 GiB");
});

test("a total that grows is marked, and has neither bar nor share nor time left", () => {
  const growing = progress();
  growing.hear({ event: "found", recordings: 1340, complete: false });
  expect(totalRow(growing, look(80))).toBe("3/1,340+  3.0 GiB");
  growing.hear({ event: "found", recordings: 4812, complete: true });
  expect(totalRow(growing, look(80))).toBe("░░░░░░░░░░░░░░░░   0%  3/4,812  8 h 1 min left  3.0 GiB");
});

test("the status row puts what is waited for first", () => {
  const text = "waiting for RingCentral's budget until 01:01:00 +01:00";
  expect(statusRow(waiting(), look(80))).toBe(`${text}  1 failed, 1 skipped`);
  expect(statusRow(waiting(), look(60))).toBe(text);
  expect(statusRow(waiting(), look(50))).toBe("waiting for RingCentral's… until 01:01:00 +01:00");
  expect(statusRow(waiting(86_400_000), look(80))).toContain("until 1970-01-02 01:00:00 +01:00");
});

test("a recording is named by its call, or by its id where nothing is known", () => {
  const call = { start: "2026-01-31T14:03:00Z", from: "+4930", name: "Anna" };
  expect(fileRow("tim/3/4/x", { call, bytes: 512, total: 1024 }, look(80))).toBe(
    `  ${"2026-01-31 15:03 +4930 → Anna".padEnd(45)} █████░░░░░ 512 B of 1.0 KiB`,
  );
  expect(fileRow("tim/3/4/NCS1", { call: {}, bytes: 0, total: undefined }, look(50))).toBe("  NCS1");
});
