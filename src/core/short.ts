import type { Call, RecordingRef, Stored } from "./recording.ts";

/** How much shorter than its call a recording may be: calls ring, wait and are put on hold while nothing is recorded. */
export interface Tolerance {
  readonly seconds: number;
  /** Part of the call, from 0 to 1. */
  readonly part: number;
}

export const usualTolerance: Tolerance = { seconds: 30, part: 0.5 };

/** Whether audio is clearly shorter than its call: by more than the seconds and by more than the part. */
export function isShort(call: Call, audioSeconds: number | undefined, { seconds, part }: Tolerance): boolean {
  const { duration } = call;
  if (duration === undefined || audioSeconds === undefined) return false;
  return audioSeconds < duration - seconds && audioSeconds < duration * (1 - part);
}

/** What is stored, marked when it is clearly shorter than its call. */
export function markedIfShort({ call }: RecordingRef, stored: Stored, tolerance = usualTolerance): Stored {
  return isShort(call, stored.audioSeconds, tolerance) ? { ...stored, short: true } : stored;
}

/** `10 s of audio for a call of 60 s`. */
export function shortness({ duration = 0 }: Call, audioSeconds = 0): string {
  return `${Math.round(audioSeconds)} s of audio for a call of ${Math.round(duration)} s`;
}
