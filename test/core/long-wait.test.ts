import { expect, it } from "vitest";
import { type FetchContext, fetchRecording } from "../../src/core/download/attempt.ts";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { DownloadEvent } from "../../src/core/model/events.ts";
import { callRef } from "../helpers/calls-server.ts";
import { heldClock } from "../helpers/held-clock.ts";

it("tells of a pause of hours that the source asks for, and until when it lasts", async () => {
  const clock = heldClock();
  const events: DownloadEvent[] = [];
  const stop = new AbortController();
  const refuse = async () => {
    throw new RecordingError("server-error", "Maintenance.", { retryAfterMs: 5 * 3_600_000 });
  };
  const context = {
    source: { link: refuse, classifyFailure: (error: RecordingError) => error },
    clock,
    random: () => 0,
    retry: { retries: 3, baseDelayMs: 1, maxDelayMs: 1 },
    report: (event: DownloadEvent) => events.push(event),
    progress: false,
    contact: { answered: true },
    stop: stop.signal,
    cut: stop.signal,
  } as unknown as FetchContext;
  const ended = fetchRecording(callRef("a"), "a.wav", { key: "a", resume: false, overwrite: false }, context);
  await expect.poll(() => clock.sleeping).toBe(1);
  expect(events).toContainEqual(expect.objectContaining({ event: "waiting", untilMs: clock.now() + 5 * 3_600_000 }));
  stop.abort(new RecordingError("interrupted", "Enough."));
  await expect(ended).rejects.toThrow("Enough.");
});
