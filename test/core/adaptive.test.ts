import { describe, expect, it } from "vitest";
import { type Adaptive, openAdaptive } from "../../src/core/download/adaptive.ts";
import type { DownloadEvent } from "../../src/core/model/events.ts";
import { heldClock } from "../helpers/held-clock.ts";

const call = {};

function done(bytes: number, key = "tim/d/v/1" as const): DownloadEvent {
  const file = { path: "x.wav", sha256: "", contentType: "audio/wav" as const };
  return { event: "recording-done", key, ...file, bytes, ms: 1, call };
}

function failed(code: "rate-limited" | "server-error" | "timeout" | "not-ready"): DownloadEvent {
  return { event: "attempt-failed", key: "tim/d/v/1", code, message: "", attempt: 1, retryInMs: 0 };
}

/** What a server gives with so many at once. */
interface Answers {
  /** Files of 1,000 bytes in 200 ms. */
  readonly files: number;
  /** Usual milliseconds to a first byte. */
  readonly wait: number;
  /** How many of the first round come after 60 ms, for there was no queue yet. */
  readonly early?: number;
}

async function rounds(
  adaptive: Adaptive,
  clock: ReturnType<typeof heldClock>,
  count: number,
  answersAt: (transfers: number) => Answers,
): Promise<number[]> {
  const seen: number[] = [];
  for (let round = 0; round < count; round += 1) {
    const transfers = adaptive.transfers("tim");
    const { files, wait, early = 0 } = answersAt(transfers);
    await clock.advance((200 * transfers) / files);
    for (let at = 0; at < transfers; at += 1) adaptive.firstByte("tim", round === 0 && at < early ? 60 : wait);
    for (let at = 0; at < transfers; at += 1) adaptive.hear(done(1_000));
    seen.push(adaptive.transfers("tim"));
  }
  return seen;
}

/** Bears whatever comes. */
const wide = (transfers: number): Answers => ({ files: transfers, wait: 60 });
/** Serves so many at once; what comes beyond waits in its queue. */
const queueing =
  (bears: number) =>
  (transfers: number): Answers => ({
    files: Math.min(transfers, bears),
    wait: 60 + Math.max(0, transfers / bears - 1) * 200,
    early: bears,
  });

function opened(first = 8, most = 64) {
  const clock = heldClock();
  return { clock, adaptive: openAdaptive(clock, () => ({ first, most: () => most })) };
}

describe("--transfers auto", () => {
  it("starts where it is told, and doubles up to the most while each step makes the whole faster", async () => {
    const { clock, adaptive } = opened();
    expect(adaptive.transfers("tim")).toBe(8);
    expect(await rounds(adaptive, clock, 6, wide)).toEqual([16, 32, 64, 64, 64, 64]);
    expect([...adaptive.learned()]).toEqual([["tim", 64]]);
  });

  it("never passes the most, also where it was to start beyond it, or where that falls", async () => {
    const clock = heldClock();
    let most = 10;
    const adaptive = openAdaptive(clock, () => ({ first: 32, most: () => most }));
    expect(adaptive.transfers("tim")).toBe(10);
    expect(Math.max(...(await rounds(adaptive, clock, 5, wide)))).toBe(10);
    most = 3;
    expect(adaptive.transfers("tim")).toBe(3);
  });

  it("keeps each source's number by itself", async () => {
    const { clock, adaptive } = opened();
    await rounds(adaptive, clock, 2, wide);
    expect(adaptive.transfers("tim")).toBe(32);
    expect(adaptive.transfers("ringcentral")).toBe(8);
  });

  it("goes back when a step brings nothing, and tries again only after a rest", async () => {
    const { clock, adaptive } = opened();
    const flat = (transfers: number): Answers => ({ files: Math.min(transfers, 16), wait: 60 });
    const seen = await rounds(adaptive, clock, 40, flat);
    expect(seen.slice(0, 4)).toEqual([16, 32, 16, 16]);
    expect(seen.filter((transfers) => transfers === 32).length).toBeLessThanOrEqual(2);
  });

  it("nears a server that lets requests wait in small steps, and leaves its queue", async () => {
    const { clock, adaptive } = opened();
    const seen = await rounds(adaptive, clock, 60, queueing(4));
    expect(Math.max(...seen)).toBeLessThanOrEqual(10);
    expect(seen.at(-1)).toBeLessThanOrEqual(8);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(4);
  });

  it("does not take slow first bytes for a queue where fewer at once bring less", async () => {
    const { clock, adaptive } = opened();
    const slow = (transfers: number): Answers => ({ files: transfers, wait: 400 });
    const seen = await rounds(adaptive, clock, 40, slow);
    expect(seen.at(-1)).toBeGreaterThanOrEqual(8);
    expect(seen.slice(5).every((transfers) => transfers >= 6)).toBe(true);
  });

  it.each(["rate-limited", "server-error", "timeout"] as const)("halves at once on %s, and once for all", (code) => {
    const { adaptive } = opened();
    for (let at = 0; at < 4; at += 1) adaptive.hear(failed(code));
    expect(adaptive.transfers("tim")).toBe(4);
  });

  it("keeps one transfer however often the server refuses, and comes back with care after a rest", async () => {
    const { clock, adaptive } = opened();
    for (let at = 0; at < 10; at += 1) {
      await clock.advance(600);
      adaptive.hear(failed("server-error"));
    }
    expect(adaptive.transfers("tim")).toBe(1);
    const seen = await rounds(adaptive, clock, 330, wide);
    expect(seen.slice(0, 290).every((transfers) => transfers === 1)).toBe(true);
    expect(seen.at(-1)).toBeGreaterThan(8);
  });

  it("comes near what was refused step by step, never again at a bound", async () => {
    const { clock, adaptive } = opened();
    adaptive.hear(failed("server-error"));
    const seen = await rounds(adaptive, clock, 304, wide);
    expect([...new Set(seen)]).toEqual([4, 5, 6, 7, 8, 10]);
  });

  it("does not shrink for a recording's own failure", () => {
    const { adaptive } = opened();
    adaptive.hear(failed("not-ready"));
    expect(adaptive.transfers("tim")).toBe(8);
  });
});
