import { describe, expect, it } from "vitest";
import { RecordingError } from "../../src/core/errors.ts";
import { openHalt } from "../../src/core/halt.ts";
import { heldClock } from "../helpers/held-clock.ts";

function setUp(durationMs?: number) {
  const clock = heldClock();
  const stop = new AbortController();
  const abort = new AbortController();
  return { clock, stop, abort, halt: openHalt({ stop: stop.signal, abort: abort.signal }, clock, durationMs) };
}

describe("a run's halt", () => {
  it("stops new work at once and cuts what runs after a grace time", async () => {
    const { halt, stop, clock } = setUp();
    stop.abort(new RecordingError("interrupted", "Interrupted."));
    expect(halt.stop.aborted).toBe(true);
    expect(halt.cut.aborted).toBe(false);
    await clock.advance(5_000);
    expect(halt.cut.aborted).toBe(true);
    expect(halt.reason?.code).toBe("interrupted");
  });

  it("cuts at once when asked a second time", () => {
    const { halt, stop, abort } = setUp();
    stop.abort(new RecordingError("interrupted", "Interrupted."));
    abort.abort(new RecordingError("interrupted", "Interrupted."));
    expect(halt.cut.aborted).toBe(true);
  });

  it("keeps the first reason, and leaves the others interrupted, not failed", () => {
    const { halt } = setUp();
    halt.because(new RecordingError("disk-full", "full"));
    halt.because(new RecordingError("login-refused", "no"));
    expect(halt.reason?.code).toBe("disk-full");
    expect(halt.stop.reason).toMatchObject({ code: "interrupted" });
  });

  it("ends the run when its time is over", async () => {
    const { halt, clock } = setUp(60_000);
    await clock.advance(59_000);
    expect(halt.stop.aborted).toBe(false);
    await clock.advance(1_000);
    expect(halt.reason).toMatchObject({ code: "cap-reached", message: expect.stringContaining("--max-duration") });
  });

  it("leaves no timer behind when closed", async () => {
    const { halt, clock } = setUp(60_000);
    halt.because(new RecordingError("disk-full", "full"));
    halt.close();
    await clock.advance(100_000);
    expect(halt.cut.aborted).toBe(false);
    expect(clock.sleeping).toBe(0);
  });

  it("begins halted when the signals were given before it", () => {
    const early = {
      stop: AbortSignal.abort(new RecordingError("interrupted", "x")),
      abort: AbortSignal.abort(new RecordingError("interrupted", "x")),
    };
    const halt = openHalt(early, heldClock(), undefined);
    expect(halt.stop.aborted && halt.cut.aborted).toBe(true);
    halt.close();
  });
});
