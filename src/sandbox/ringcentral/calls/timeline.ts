import { isChosen } from "../../faults.ts";
import type { RingCentralSettings } from "../settings.ts";
import { type Call, endMs } from "./call.ts";

/** How a call's record looks at one moment. */
export interface Moment {
  readonly listed: boolean;
  /** The call still runs, or its record waits to be rewritten. */
  readonly provisional: boolean;
  /** Recordings are attached. */
  readonly recorded: boolean;
  /** When the record was first listed. */
  readonly listedMs: number;
  /** When the record last changed. */
  readonly changedMs: number;
}

/** The state of a call's record at `now`. */
export function momentOf(call: Call, settings: RingCentralSettings["callLog"], now: number): Moment {
  const { listedMs, completeMs, recordedMs } = milestones(call, settings);
  const passed = [listedMs, completeMs, recordedMs].filter((ms) => ms <= now);
  return {
    listed: listedMs <= now,
    provisional: completeMs > now,
    recorded: recordedMs <= now && completeMs <= now,
    listedMs,
    changedMs: Math.max(...passed, listedMs),
  };
}

/** No record changes later than this many milliseconds after its call began. */
export function longestChangeMs(settings: RingCentralSettings["callLog"], longestCallSeconds: number): number {
  const { listDelaySeconds, provisional, lateRecording } = settings;
  const delay = Math.max(listDelaySeconds, provisional.completeAfterSeconds, lateRecording.afterSeconds);
  return (longestCallSeconds + delay + 10) * 1_000;
}

function milestones(call: Call, settings: RingCentralSettings["callLog"]) {
  const { provisional, lateRecording, listDelaySeconds } = settings;
  const end = endMs(call);
  const early = isChosen(provisional.chosen, call.index, call.recordId);
  const late = call.recordings.length > 0 && isChosen(lateRecording.chosen, call.index, call.recordId);
  const completeMs = end + 1_000 * (early ? provisional.completeAfterSeconds : listDelaySeconds);
  return {
    listedMs: early ? Math.min(call.startMs + 5_000, completeMs) : completeMs,
    completeMs,
    recordedMs: late ? Math.max(completeMs, end + 1_000 * lateRecording.afterSeconds) : completeMs,
  };
}
