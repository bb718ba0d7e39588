import { expect, test } from "vitest";
import { openTheirs } from "../../src/core/download/theirs.ts";
import type { DownloadEvent } from "../../src/core/model/events.ts";
import type { RecordingRef } from "../../src/core/model/recording.ts";

const ref = (id: number): RecordingRef => ({
  key: `ringcentral/${id}`,
  source: "ringcentral",
  id: `${id}`,
  locator: {},
  call: {},
});

function opened(outlastsOthers = true) {
  const events: DownloadEvent[] = [];
  const sleeps: number[] = [];
  const stop = new AbortController();
  const clock = {
    now: () => 1_000,
    monotonic: () => 0,
    sleep: async (ms: number, signal: AbortSignal) => {
      sleeps.push(ms);
      signal.throwIfAborted();
    },
  };
  const tell = (event: DownloadEvent) => void events.push(event);
  const theirs = openTheirs({ plan: { outlastsOthers }, shutdown: { stop: stop.signal }, clock, tell });
  return { theirs, events, sleeps, stop };
}

test("what others hold is asked for again, and told only when the run ends before it is settled", () => {
  const { theirs, events } = opened();
  theirs.add(ref(1));
  theirs.add(ref(2));
  expect([theirs.count(), theirs.take(), theirs.count()]).toEqual([2, [ref(1), ref(2)], 0]);
  theirs.add(ref(2));
  expect(events).toEqual([]);
  theirs.tell();
  expect(events).toEqual([{ event: "recording-skipped", key: "ringcentral/2", reason: "claimed", call: {} }]);
  expect(theirs.count()).toBe(0);
});

test("a run that waits for nobody tells it at once", () => {
  const { theirs, events } = opened(false);
  theirs.add(ref(1));
  expect([events.length, theirs.count()]).toEqual([1, 0]);
});

test("waits become longer while nothing changes, and end with the run", async () => {
  const { theirs, events, sleeps, stop } = opened();
  theirs.add(ref(1));
  for (const fewer of [true, false, false, false, false, false, true]) await theirs.wait(fewer);
  expect(sleeps).toEqual([250, 500, 1000, 2000, 2000, 2000, 250]);
  const reason = "1 recording that other runs are fetching";
  expect(events[0]).toEqual({ event: "waiting", reason, untilMs: 1_250 });
  stop.abort();
  await theirs.wait(true);
});

test("many are asked for before the end, and those that stay are not asked for all the time", () => {
  const { theirs } = opened();
  const add = (count: number) => {
    for (let id = 0; id < count; id++) theirs.add(ref(id));
  };
  add(2_047);
  expect(theirs.areMany()).toBe(false);
  add(1);
  expect(theirs.areMany()).toBe(true);
  add(theirs.take().length);
  expect(theirs.areMany()).toBe(false);
  add(2_048);
  expect(theirs.areMany()).toBe(true);
});
