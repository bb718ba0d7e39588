import { expect, test } from "vitest";
import { RecordingError } from "../../src/core/errors.ts";
import type { DownloadEvent } from "../../src/core/events.ts";
import { openOutcomes } from "../../src/core/outcomes.ts";
import type { Ledger } from "../../src/core/ports.ts";
import type { RecordingRef } from "../../src/core/recording.ts";

const ref: RecordingRef = { key: "ringcentral/1", source: "ringcentral", id: "1", locator: {}, call: {} };

/** Outcomes over a ledger that answers every result with this error. */
function opened(error: RecordingError) {
  const events: DownloadEvent[] = [];
  const halts: RecordingError[] = [];
  const refuse = () => Promise.reject(error);
  const ledger = { done: refuse, failed: refuse, release: refuse, get: async () => undefined } as unknown as Ledger;
  const halt = { because: (reason: RecordingError) => halts.push(reason) } as never;
  const plan = { named: new Set<string>(), failFast: false };
  const outcomes = openOutcomes({ ledger, sources: new Map(), plan, halt, tell: (event) => events.push(event) });
  return { outcomes, events, halts };
}

test("a claim that was lost is another's to tell of: the run goes on, and does not call it done", async () => {
  const lost = new RecordingError("lost-claim", "Taken over.");
  const { outcomes, events, halts } = opened(lost);
  await outcomes.failed(ref, lost);
  await outcomes.failed(ref, new RecordingError("not-audio", "No sound."));
  expect(halts).toEqual([]);
  expect(events.map((event) => ("reason" in event ? event.reason : event.event))).toEqual(["claimed", "claimed"]);
});

test("a ledger that fails otherwise ends the run", async () => {
  const broken = new RecordingError("disk-io", "The disk failed.");
  const { outcomes, halts } = opened(broken);
  await outcomes.failed(ref, new RecordingError("not-audio", "No sound."));
  expect(halts).toEqual([broken]);
});
