import { describe, expect, it } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { defaultRetryPolicy, retryDelay } from "../../src/core/retry.ts";

const attempts = { counted: 1, elapsedMs: 0, answered: true };
const always = () => 1;

describe("retryDelay", () => {
  it("doubles with each attempt and never exceeds the greatest delay", () => {
    const error = new RecordingError("server-error", "503");
    const delays = [1, 2, 3, 4, 5].map((counted) =>
      retryDelay(error, { ...attempts, counted }, defaultRetryPolicy, always),
    );
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16000]);
    const late = retryDelay(error, { ...attempts, counted: 12 }, { ...defaultRetryPolicy, retries: 20 }, always);
    expect(late).toBe(60_000);
  });

  it("spreads the delay over the whole range, so that workers do not come back together", () => {
    const error = new RecordingError("reset", "broke");
    expect(retryDelay(error, attempts, defaultRetryPolicy, () => 0)).toBe(0);
    expect(retryDelay(error, attempts, defaultRetryPolicy, () => 0.5)).toBe(500);
  });

  it("honours Retry-After in full and only adds to it", () => {
    const error = new RecordingError("server-error", "503", { retryAfterMs: 120_000 });
    expect(retryDelay(error, attempts, defaultRetryPolicy, () => 0)).toBe(120_000);
    expect(retryDelay(error, attempts, defaultRetryPolicy, always)).toBeGreaterThan(120_000);
  });

  it("gives up after the allowed repeats", () => {
    const error = new RecordingError("timeout", "slow");
    expect(retryDelay(error, { ...attempts, counted: 5 }, defaultRetryPolicy, always)).toBeDefined();
    expect(retryDelay(error, { ...attempts, counted: 6 }, defaultRetryPolicy, always)).toBeUndefined();
  });

  it("does not count a 429: its wait is the rate limiter's business", () => {
    const error = new RecordingError("rate-limited", "429", { retryAfterMs: 60_000 });
    expect(retryDelay(error, { ...attempts, counted: 99 }, defaultRetryPolicy, () => 0)).toBe(60_000);
  });

  it("tries a host that has never answered only twice more", () => {
    const error = new RecordingError("unreachable", "refused");
    const silent = { ...attempts, answered: false };
    expect(retryDelay(error, { ...silent, counted: 2 }, defaultRetryPolicy, always)).toBeDefined();
    expect(retryDelay(error, { ...silent, counted: 3 }, defaultRetryPolicy, always)).toBeUndefined();
    expect(retryDelay(error, { ...attempts, counted: 3 }, defaultRetryPolicy, always)).toBeDefined();
  });

  it("gives up when the next try would come too late for --retry-max-time", () => {
    const error = new RecordingError("reset", "broke");
    const policy = { ...defaultRetryPolicy, maxTimeMs: 5_000 };
    expect(retryDelay(error, { ...attempts, elapsedMs: 4_500 }, policy, always)).toBeUndefined();
    expect(retryDelay(error, { ...attempts, elapsedMs: 3_500 }, policy, always)).toBe(1000);
  });

  it.each(["gone", "forbidden", "not-audio", "disk-full"] as const)("never repeats %s", (code) => {
    expect(retryDelay(new RecordingError(code, "x"), attempts, defaultRetryPolicy, always)).toBeUndefined();
  });
});
