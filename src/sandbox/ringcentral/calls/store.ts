import type { Call } from "./call.ts";
import { callOf, historyOf, isBeyond } from "./history.ts";
import { indexOfRecordId, recordingIdOf, recordingOfId } from "./ids.ts";
import { type CallKind, type LayoutName, recordingsOf } from "./layout.ts";

/** The account's history when the sandbox opens. */
export interface CallData {
  /** How many different recordings there are. */
  readonly recordings: number;
  readonly layout: LayoutName;
  /** The history is spread evenly over this many days … */
  readonly days: number;
  /** … which end here. */
  readonly endMs: number;
  /** Calls last between so many seconds. */
  readonly seconds: readonly [least: number, most: number];
  readonly extensions: number;
}

/** A place in the call log, for reading on from there. */
export type Place = Pick<Call, "startMs" | "index">;

/** The account's calls. The history is computed call by call, so a million of them need no memory. */
export interface CallStore {
  /** Grows with every call added later. */
  version(): number;
  /** Calls that start in [fromMs, toMs], newest first, beginning after `after`. */
  newestFirst(fromMs: number, toMs: number, after?: Place): Iterable<Call>;
  /** Calls that start in [fromMs, toMs], oldest first, beginning after `after`. */
  oldestFirst(fromMs: number, toMs: number, after?: Place): Iterable<Call>;
  byRecordId(id: string): Call | undefined;
  byRecordingId(id: string): Call | undefined;
  /** Adds a call that starts at `startMs`. */
  add(startMs: number, more?: { kind?: CallKind; durationSeconds?: number }): Call;
  /** Every recording id, newest call first. */
  recordings(): Iterable<{ readonly id: string; readonly call: Call }>;
}

/** Opens the store. */
export function openCallStore(data: CallData): CallStore {
  const history = historyOf(data);
  /** Calls added later, in the order they came … */
  const arrived: Call[] = [];
  /** … and by start time. */
  const added: Call[] = [];
  function* walk(fromMs: number, toMs: number, after: Place | undefined, newest: boolean): Iterable<Call> {
    const base = history.walk(fromMs, toMs, after, newest);
    const extra = (newest ? added.toReversed() : added).filter(
      (each) => each.startMs >= fromMs && each.startMs <= toMs && (!after || isBeyond(each, after, newest)),
    );
    yield* merged(base, extra, newest);
  }
  const store: CallStore = {
    version: () => added.length,
    newestFirst: (fromMs, toMs, after) => walk(fromMs, toMs, after, true),
    oldestFirst: (fromMs, toMs, after) => walk(fromMs, toMs, after, false),
    byRecordId(id) {
      const index = indexOfRecordId(id);
      if (index === undefined) return undefined;
      return index < history.length ? history.call(index) : arrived[index - history.length];
    },
    byRecordingId(id) {
      const recording = recordingOfId(id);
      if (recording === undefined) return undefined;
      if (recording >= liveRecordings) return arrived[Math.floor((recording - liveRecordings) / 2)];
      return recording < data.recordings ? history.call(history.callOfRecording(recording)) : undefined;
    },
    add(startMs, more = {}) {
      const { kind = "plain", durationSeconds } = more;
      const ids = Array.from({ length: recordingsOf(kind) }, (_, at) =>
        recordingIdOf(liveRecordings + 2 * arrived.length + at),
      );
      const base = callOf(data, history.length + arrived.length, kind, startMs, ids);
      const made = durationSeconds === undefined ? base : { ...base, durationSeconds };
      arrived.push(made);
      added.push(made);
      added.sort((one, other) => one.startMs - other.startMs || one.index - other.index);
      return made;
    },
    *recordings() {
      for (const each of store.newestFirst(-Infinity, Infinity))
        for (const id of each.recordings) yield { id, call: each };
    },
  };
  return store;
}

/** Recordings of calls that were added later are numbered from here, two for each call. */
const liveRecordings = 500_000_000;

function* merged(base: Iterator<Call>, extra: readonly Call[], newest: boolean): Iterable<Call> {
  let next = base.next();
  for (const each of extra) {
    while (!next.done && isBeyond(each, next.value, newest)) {
      yield next.value;
      next = base.next();
    }
    yield each;
  }
  for (; !next.done; next = base.next()) yield next.value;
}
