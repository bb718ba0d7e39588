import { describe, expect, it } from "vitest";
import { openSandboxClock } from "../../src/sandbox/clock.ts";
import { openEventLog } from "../../src/sandbox/events.ts";

describe("sandbox clock", () => {
  it("starts where it is told, keeps pace and moves when advanced or set", () => {
    const began = Date.now();
    const clock = openSandboxClock(1_000_000);
    expect(clock.now() - 1_000_000).toBeLessThanOrEqual(Date.now() - began);
    clock.advance(3_600_000);
    expect(clock.now()).toBeGreaterThanOrEqual(4_600_000);
    clock.set(5);
    expect(clock.now() - 5).toBeLessThanOrEqual(Date.now() - began);
  });

  it("shows the machine's time by default", () => {
    const before = Date.now();
    const shown = openSandboxClock().now();
    expect(shown).toBeGreaterThanOrEqual(before);
    expect(shown).toBeLessThanOrEqual(Date.now());
  });
});

describe("event log", () => {
  it("numbers and times events and counts them by predicate", () => {
    const log = openEventLog({ clock: { now: () => 7 } });
    log.record({ kind: "login", user: "a" });
    log.record({ kind: "download", id: "1" });
    expect(log.all()).toEqual([
      { kind: "login", user: "a", seq: 1, at: 7 },
      { kind: "download", id: "1", seq: 2, at: 7 },
    ]);
    expect(log.count((event) => event.id === "1")).toBe(1);
  });

  it("keeps the newest events, oldest first, and counts the forgotten ones by kind", () => {
    const log = openEventLog({ limit: 3 });
    for (let index = 0; index < 8; index++) log.record({ kind: "tick", index });
    expect(log.all().map((event) => event.index)).toEqual([5, 6, 7]);
    expect(log.total("tick")).toBe(8);
    log.clear();
    expect(log.all()).toEqual([]);
    expect(log.total("tick")).toBe(0);
  });
});
