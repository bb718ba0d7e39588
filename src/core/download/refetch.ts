/*
 * A recording fetched again may differ (masking at the source): that is told, and no sign of a damaged archive.
 */

import { audioExtensions } from "../audio/kind.ts";
import type { LedgerEntry } from "../model/ledger.ts";
import type { Expectation } from "../model/ports.ts";
import type { Call, RecordingRef, Stored } from "../model/recording.ts";
import { extensionMark } from "../naming/path-template.ts";

/** A recording that is fetched although the archive has it. */
export interface Refetch {
  /** What it has: given up only once the new one is safe. */
  readonly before: Stored;
  /** `asked`: by a person. `missing`: its file is not there any more. `damaged`: verify found it so. `short`: it is shorter than its call. */
  readonly why: "asked" | "missing" | "damaged" | "short";
}

/** The ref with all that the archive knows of its call; what the ref itself says comes first. */
export function withKnown(ref: RecordingRef, entry: LedgerEntry | undefined): RecordingRef {
  if (entry === undefined) return ref;
  const locator = Object.keys(ref.locator).length > 0 ? ref.locator : entry.ref.locator;
  return { ...ref, locator, call: { ...entry.ref.call, ...ref.call } };
}

/** The path of what is to be replaced, with the mark for an extension that may become another one. */
export function pathOf({ before }: Refetch): string {
  const known = Object.values(audioExtensions).find((extension) => before.path.endsWith(`.${extension}`));
  return known === undefined ? before.path : before.path.slice(0, -known.length) + extensionMark;
}

/** What the new bytes must be like to replace the old ones. */
export function expectAfter(expect: Expectation, { why, before }: Refetch): Expectation {
  const held = before.audioSeconds ?? 0;
  const least = { short: held, asked: clearlyShorter(held), missing: undefined, damaged: undefined }[why];
  return { ...expect, overwrite: true, ...(least === undefined ? {} : { longerThanSeconds: least }) };
}

/** Audio of at most so many seconds is clearly shorter than what is held: the beginning of it, and no replacement. */
function clearlyShorter(held: number): number | undefined {
  const least = Math.min(held - usualTolerance.seconds, held * (1 - usualTolerance.part));
  return least > 0 ? least : undefined;
}

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
