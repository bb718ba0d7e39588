import { expect, test } from "vitest";
import { openOutcomes } from "../../src/core/download/outcomes.ts";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { DownloadEvent } from "../../src/core/model/events.ts";
import type { Ledger } from "../../src/core/model/ledger.ts";
import type { RecordingRef } from "../../src/core/model/recording.ts";

const ref: RecordingRef = { key: "ringcentral/1", source: "ringcentral", id: "1", locator: {}, call: {} };

/** Outcomes over a ledger that answers every result with this error, or takes it. */
function opened(error: RecordingError | undefined, state?: string | (() => Promise<never>)) {
  const events: DownloadEvent[] = [];
  const halts: RecordingError[] = [];
  const refuse = async () => {
    if (error !== undefined) throw error;
  };
  const ledger = {
    done: refuse,
    failed: refuse,
    release: refuse,
    get: async () => undefined,
    entry: typeof state === "function" ? state : async () => ({ state }),
  };
  const withdrawn: unknown[] = [];
  const destination = { withdraw: async (...what: unknown[]) => void withdrawn.push(what) };
  const shutdown = { because: (reason: RecordingError) => halts.push(reason) } as never;
  const plan = { named: new Set<string>(), failFast: false };
  const context = { ledger: ledger as unknown as Ledger, destination, sources: new Map(), plan, shutdown };
  const theirs: string[] = [];
  const taken = ({ key }: RecordingRef) => void theirs.push(key);
  const outcomes = openOutcomes({ ...context, tell: (event) => events.push(event), taken });
  return { outcomes, events, halts, withdrawn, theirs };
}

test("a claim that was lost is another's to tell of: the run goes on, and asks for it again", async () => {
  const lost = new RecordingError("lost-claim", "Taken over.");
  const { outcomes, events, halts, theirs } = opened(lost);
  await outcomes.failed(ref, lost);
  await outcomes.failed(ref, new RecordingError("not-audio", "No sound."));
  expect(halts).toEqual([]);
  expect(events).toEqual([]);
  expect(theirs).toEqual([ref.key, ref.key]);
});

test("what came of a recording that was purged meanwhile is withdrawn and told as purged", async () => {
  const lost = new RecordingError("lost-claim", "Purged.");
  const { outcomes, events, halts, withdrawn } = opened(lost, "purged");
  const stored = { path: "a.mp3", bytes: 1, sha256: "ab", contentType: "audio/mpeg" } as const;
  await expect(outcomes.done(ref, stored, 1)).rejects.toBe(lost);
  await outcomes.failed(ref, lost);
  expect(withdrawn).toEqual([
    [ref.key, stored],
    [ref.key, undefined],
  ]);
  expect(halts).toEqual([]);
  expect(events).toMatchObject([{ event: "recording-skipped", reason: "purged" }]);
});

test("a ledger that fails otherwise ends the run", async () => {
  const broken = new RecordingError("disk-io", "The disk failed.");
  const { outcomes, halts } = opened(broken);
  await outcomes.failed(ref, new RecordingError("not-audio", "No sound."));
  expect(halts).toEqual([broken]);
});

test("a result that comes too late, and of which nothing can be found out, ends the run", async () => {
  const unread = new RecordingError("disk-io", "The disk failed.");
  const { outcomes, events, halts } = opened(unread, () => Promise.reject(unread));
  await outcomes.failed(ref, new RecordingError("lost-claim", "Taken over."));
  expect(halts).toEqual([unread]);
  expect(events).toEqual([]);
});

test("a file that is found in place is recorded before it is told, and not told where that fails", async () => {
  const stored = { path: "a.mp3", bytes: 1, sha256: "ab", contentType: "audio/mpeg" } as const;
  const { outcomes, events } = opened(undefined);
  await outcomes.adopted(ref, stored);
  expect(events).toMatchObject([{ event: "recording-skipped", key: ref.key, reason: "done", path: "a.mp3" }]);
  const broken = opened(new RecordingError("disk-io", "The disk failed."));
  await expect(broken.outcomes.adopted(ref, stored)).rejects.toMatchObject({ code: "disk-io" });
  expect(broken.events).toEqual([]);
});
