import { audioExtensions } from "./audio-kind.ts";
import { extensionMark } from "./path-template.ts";
import type { Expectation, LedgerEntry } from "./ports.ts";
import type { RecordingRef, Stored } from "./recording.ts";

/** A recording that is fetched although the archive has it. */
export interface Refetch {
  /** What it has: given up only once the new one is safe. */
  readonly before: Stored;
  /** `asked`: by a person. `missing`: its file is not there any more. `short`: it is shorter than its call. */
  readonly why: "asked" | "missing" | "short";
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
  const longer = why === "short" ? { longerThanSeconds: before.audioSeconds ?? 0 } : {};
  return { ...expect, overwrite: true, ...longer };
}
