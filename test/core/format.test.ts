import { describe, expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatRate,
  parseBytes,
  parseDuration,
  parseRate,
} from "../../src/core/text.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1536, "1.5 KiB"],
  [1024 * 99.94, "99.9 KiB"],
  [1024 * 99.96, "100 KiB"],
  [1024 * 1024 - 1, "1.0 MiB"],
  [3.2 * 1024 ** 3, "3.2 GiB"],
  [5000 * 1024 ** 5, "5000 PiB"],
  [-5, "0 B"],
])("%d bytes read %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, "0 ms"],
  [850.4, "850 ms"],
  [999.6, "1 s"],
  [3400, "3.4 s"],
  [9949, "9.9 s"],
  [9951, "10 s"],
  [42 * second, "42 s"],
  [59.6 * second, "1 min"],
  [123 * second, "2 min 3 s"],
  [59 * minute + 59.7 * second, "1 h"],
  [8 * hour + minute, "8 h 1 min"],
  [23 * hour + 59.6 * minute, "1 d"],
  [51 * hour, "2 d 3 h"],
  [2000 * 24 * hour, "2,000 d"],
  [-1, "0 ms"],
])("%d ms read %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test("counts have thousands marks", () => {
  expect([0, 999, 1000, 4812, 1234567.9].map(formatCount)).toEqual(["0", "999", "1,000", "4,812", "1,234,567"]);
});

test("a count agrees with its noun", () => {
  expect(formatNumberOf(1, "recording")).toBe("1 recording");
  expect(formatNumberOf(4812, "recording")).toBe("4,812 recordings");
  expect(formatNumberOf(2, "entry", "entries")).toBe("2 entries");
});

test("rates read a minute, fast ones a second", () => {
  expect([0.5, 9.94, 10.2, 1200, 6000].map(formatRate)).toEqual(["0.5/min", "9.9/min", "10/min", "1,200/min", "100/s"]);
});

describe("sizes", () => {
  test.each([
    ["0", 0],
    ["1000", 1000],
    ["500b", 500],
    ["2M", 2 * 1024 ** 2],
    [" 1.5 GiB ", 1.5 * 1024 ** 3],
    ["20g", 20 * 1024 ** 3],
    ["1kB", 1024],
    ["1T", 1024 ** 4],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(["", "M", "-1", "2Q", "1e9", "2 M M", "999999999999999P", "١"])("%j is refused", (text) => {
    expect(() => parseBytes(text, "--limit-rate")).toThrow(/^--limit-rate: ".*" is not a size; use 500K, 2M/);
  });
});

describe("lengths of time", () => {
  test.each([
    ["0", 0],
    ["500ms", 500],
    ["90s", 90 * second],
    ["15m", 15 * minute],
    ["24h", 24 * hour],
    ["1h30m", 90 * minute],
    ["1h 30m", 90 * minute],
    ["1.5H", 90 * minute],
    ["7d", 7 * 24 * hour],
    ["2w", 14 * 24 * hour],
    ["1s500ms", 1500],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(["", "5", "h", "-1h", "30m1h", "1h1h", "1h x", "x1h", "1y", "999999999999w"])("%j is refused", (text) => {
    expect(() => parseDuration(text)).toThrow(/^".*" is not a length of time; use 500ms, 90s/);
  });
});

describe("rates", () => {
  test.each([
    ["10/m", 10],
    ["10/min", 10],
    ["1/s", 60],
    ["600 / hour", 10],
    ["0.5/minute", 0.5],
  ])("%s is %d a minute", (text, rate) => {
    expect(parseRate(text)).toBe(rate);
  });

  test.each(["", "10", "0/m", "-1/m", "10/day", "10/m/s"])("%j is refused", (text) => {
    expect(() => parseRate(text, "--rate")).toThrow(/^--rate: ".*" is not a rate above 0; use 10\/m/);
  });
});

test("a refusal is a usage error that cannot carry control characters or a novel", () => {
  const refuse = () => parseBytes(`\x1b[31m${"x".repeat(500)}`);
  expect(refuse).toThrow(RecordingError);
  expect(refuse).toThrow(
    expect.objectContaining({ code: "usage", message: expect.stringMatching(/^"[ -~]{40}" is not/) }),
  );
});
