import { describe, expect, it } from "vitest";
import { openShutdown } from "../../src/core/download/shutdown.ts";
import { RecordingError } from "../../src/core/model/errors.ts";
import { heldClock } from "../helpers/held-clock.ts";

function setUp(durationMs?: number) {
  const clock = heldClock();
  const stop = new AbortController();
  const abort = new AbortController();
  return { clock, stop, abort, shutdown: openShutdown({ stop: stop.signal, abort: abort.signal }, clock, durationMs) };
}

describe("a run's shutdown", () => {
  it("stops new work at once and cuts what runs after a grace time", async () => {
    const { shutdown, stop, clock } = setUp();
    stop.abort(new RecordingError("interrupted", "Interrupted."));
    expect(shutdown.stop.aborted).toBe(true);
    expect(shutdown.abort.aborted).toBe(false);
    await clock.advance(5_000);
    expect(shutdown.abort.aborted).toBe(true);
    expect(shutdown.reason?.code).toBe("interrupted");
  });

  it("cuts at once when asked a second time", () => {
    const { shutdown, stop, abort } = setUp();
    stop.abort(new RecordingError("interrupted", "Interrupted."));
    abort.abort(new RecordingError("interrupted", "Interrupted."));
    expect(shutdown.abort.aborted).toBe(true);
  });

  it("keeps the first reason, and leaves the others interrupted, not failed", () => {
    const { shutdown } = setUp();
    shutdown.because(new RecordingError("disk-full", "full"));
    shutdown.because(new RecordingError("login-refused", "no"));
    expect(shutdown.reason?.code).toBe("disk-full");
    expect(shutdown.stop.reason).toMatchObject({ code: "interrupted" });
  });

  it("ends the run when its time is over", async () => {
    const { shutdown, clock } = setUp(60_000);
    await clock.advance(59_000);
    expect(shutdown.stop.aborted).toBe(false);
    await clock.advance(1_000);
    expect(shutdown.reason).toMatchObject({ code: "cap-reached", message: expect.stringContaining("--max-duration") });
  });

  it("leaves no timer behind when closed", async () => {
    const { shutdown, clock } = setUp(60_000);
    shutdown.because(new RecordingError("disk-full", "full"));
    shutdown.close();
    await clock.advance(100_000);
    expect(shutdown.abort.aborted).toBe(false);
    expect(clock.sleeping).toBe(0);
  });

  it("begins halted when the signals were given before it", () => {
    const early = {
      stop: AbortSignal.abort(new RecordingError("interrupted", "x")),
      abort: AbortSignal.abort(new RecordingError("interrupted", "x")),
    };
    const shutdown = openShutdown(early, heldClock(), undefined);
    expect(shutdown.stop.aborted && shutdown.abort.aborted).toBe(true);
    shutdown.close();
  });
});
