import { describe, expect, it } from "vitest";
import { type Adaptive, openAdaptive } from "../../src/core/download/adaptive.ts";
import type { DownloadEvent } from "../../src/core/model/events.ts";
import { heldClock } from "../helpers/held-clock.ts";

const call = {};

function done(bytes: number): DownloadEvent {
  const file = { path: "x.wav", sha256: "", contentType: "audio/wav" as const };
  return { event: "recording-done", key: "tim/d/v/1", ...file, bytes, ms: 1, call };
}

function failed(code: "rate-limited" | "server-error" | "timeout" | "not-ready"): DownloadEvent {
  return { event: "attempt-failed", key: "tim/d/v/1", code, message: "", attempt: 1, retryInMs: 0 };
}

/** Half-second rounds against a server that gives `speedAt(transfers)` bytes a millisecond. */
async function rounds(
  adaptive: Adaptive,
  clock: ReturnType<typeof heldClock>,
  count: number,
  speedAt: (transfers: number) => number,
): Promise<number[]> {
  const seen: number[] = [];
  for (let round = 0; round < count; round += 1) {
    const files = adaptive.transfers * 2;
    const speed = speedAt(adaptive.transfers);
    await clock.advance(500);
    for (let file = 0; file < files; file += 1) adaptive.hear(done((speed * 500) / files));
    seen.push(adaptive.transfers);
  }
  return seen;
}

describe("--transfers auto", () => {
  it("starts at four and grows to 32, never beyond, while each step makes the whole faster", async () => {
    const clock = heldClock();
    const adaptive = openAdaptive(clock);
    expect(adaptive.transfers).toBe(4);
    const seen = await rounds(adaptive, clock, 20, (transfers) => transfers * 1000);
    expect(seen.slice(0, 6)).toEqual([6, 9, 14, 21, 32, 32]);
    expect(Math.max(...seen)).toBe(32);
  });

  it("goes back when a step brings nothing, and tries again only after a rest", async () => {
    const clock = heldClock();
    const adaptive = openAdaptive(clock);
    const seen = await rounds(adaptive, clock, 24, (transfers) => Math.min(transfers, 6) * 1000);
    expect(seen.slice(0, 4)).toEqual([6, 9, 6, 6]);
    expect(seen.filter((transfers) => transfers === 9).length).toBe(2);
  });

  it.each(["rate-limited", "server-error", "timeout"] as const)("halves at once on %s, and once for all", (code) => {
    const adaptive = openAdaptive(heldClock());
    for (let at = 0; at < 4; at += 1) adaptive.hear(failed(code));
    expect(adaptive.transfers).toBe(2);
  });

  it("keeps one transfer however often the server refuses, and comes back after a rest", async () => {
    const clock = heldClock();
    const adaptive = openAdaptive(clock);
    for (let at = 0; at < 10; at += 1) {
      await clock.advance(600);
      adaptive.hear(failed("server-error"));
    }
    expect(adaptive.transfers).toBe(1);
    const seen = await rounds(adaptive, clock, 80, (transfers) => transfers * 1000);
    expect(seen.slice(0, 60).every((transfers) => transfers === 1)).toBe(true);
    expect(seen.at(-1)).toBeGreaterThan(8);
  });

  it("does not shrink for a recording's own failure", () => {
    const adaptive = openAdaptive(heldClock());
    adaptive.hear(failed("not-ready"));
    expect(adaptive.transfers).toBe(4);
  });
});
