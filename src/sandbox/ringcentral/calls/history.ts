import { type Call, mixed } from "./call.ts";
import { recordIdOf, recordingIdOf } from "./ids.ts";
import { type CallKind, type Layout, layoutNamed, recordingsOf } from "./layout.ts";
import type { CallData, Place } from "./store.ts";

/** The calls there are when the sandbox opens, each computed from its number. */
export interface History {
  readonly length: number;
  call(index: number): Call;
  callOfRecording(recording: number): number;
  walk(fromMs: number, toMs: number, after: Place | undefined, newest: boolean): Iterator<Call>;
}

/** The history that this data describes. Start times rise with the number. */
export function historyOf(data: CallData): History {
  const layout = layoutNamed(data.layout);
  const length = callsFor(data.recordings, layout);
  const spanMs = data.days * 86_400_000;
  const step = length === 0 ? 0 : spanMs / length;
  const startOf = (index: number) =>
    Math.floor(data.endMs - spanMs + step * (index + (0.9 * mixed(index, 4)) / 4_294_967_296));
  const call = (index: number): Call => {
    const kind = layout.kinds[index % layout.kinds.length]!;
    return callOf(data, index, kind, startOf(index), recordingsAt(index, kind, layout, data.recordings));
  };
  /** The first number whose call starts at or after this time. */
  const firstAt = (ms: number) => {
    let [low, high] = [0, length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (startOf(middle) < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    length,
    call,
    callOfRecording: (recording) => callOfRecording(recording, layout),
    *walk(fromMs, toMs, after, newest) {
      const first = firstAt(!newest && after ? Math.max(fromMs, after.startMs) : fromMs);
      const end = firstAt((newest && after ? Math.min(toMs, after.startMs) : toMs) + 1);
      for (let offset = 0; offset < end - first; offset++) {
        const index = newest ? end - 1 - offset : first + offset;
        const each = call(index);
        if (!after || isBeyond(each, after, newest)) yield each;
      }
    },
  };
}

/** Whether a call comes after this place when reading in this direction. */
export function isBeyond(call: Place, after: Place, newest: boolean): boolean {
  const later = call.startMs - after.startMs || call.index - after.index;
  return newest ? later < 0 : later > 0;
}

/** The call with this number: everything but its kind, start and recordings follows from the number. */
export function callOf(
  data: CallData,
  index: number,
  kind: CallKind,
  startMs: number,
  recordings: readonly string[],
): Call {
  const [least, most] = data.seconds;
  const session = kind === "shared-second" ? index - 1 : index;
  return {
    index,
    kind,
    startMs,
    durationSeconds: kind === "short" ? 12 : least + (mixed(index, 5) % (most - least + 1)),
    inbound: mixed(index, 6) % 2 === 0,
    extension: mixed(session, 7) % data.extensions,
    phone: `1650555${String(mixed(index, 8) % 10_000).padStart(4, "0")}`,
    recordings,
    recordId: recordIdOf(index),
    sessionId: String(300_000_000_000 + index),
    telephonySessionId: `s-a0d1${mixed(session, 9).toString(16).padStart(8, "0")}z${(4_096 + session).toString(16)}`,
  };
}

function callsFor(recordings: number, layout: Layout): number {
  const blocks = Math.floor(recordings / layout.recordings);
  const rest = recordings - blocks * layout.recordings;
  const more = rest === 0 ? 0 : callOfRecording(rest - 1, layout) + 1;
  return blocks * layout.kinds.length + more;
}

function callOfRecording(recording: number, layout: Layout): number {
  const block = Math.floor(recording / layout.recordings);
  const inBlock = recording % layout.recordings;
  const position = layout.kinds.findLastIndex((kind, at) => recordingsOf(kind) > 0 && layout.before[at]! <= inBlock);
  return block * layout.kinds.length + position;
}

function recordingsAt(index: number, kind: CallKind, layout: Layout, limit: number): string[] {
  const position = index % layout.kinds.length;
  const first = Math.floor(index / layout.kinds.length) * layout.recordings + layout.before[position]!;
  const ids: string[] = [];
  for (let number = first; number < Math.min(limit, first + recordingsOf(kind)); number++)
    ids.push(recordingIdOf(number));
  return ids;
}
