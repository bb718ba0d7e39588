import { type Evidence, evidenceInWords } from "./evidence.ts";
import type { LedgerEntry } from "./ports.ts";
import type { Call, RecordingRef } from "./recording.ts";
import { isShort, shortness, type Tolerance, usualTolerance } from "./short.ts";

export type Finding =
  | "missing" // the source has it, the archive does not
  | "not-permitted" // the login may not hear it
  | "gone" // the source lists the call, the audio is no longer there
  | "purged" // deleted here on purpose
  | "short" // shorter than the call
  | "short-recording" // the source kept no audio, the call was too short
  | "extra"; // the archive has it, the source does not list it

/** One line of a reconciliation; with `ref` it can be fed back as a row. */
export interface Reconciled {
  readonly finding: Finding;
  readonly message: string;
  readonly ref?: RecordingRef;
  /** Who said that it cannot be had, how often and when. */
  readonly evidence?: Evidence;
  readonly call?: Call;
}

/** Findings that make source and archive differ; the others are told, but nothing can or need be done. */
const differing: ReadonlySet<Finding> = new Set(["missing", "not-permitted", "short", "extra"]);

export function isDifference({ finding, evidence }: Reconciled): boolean {
  return differing.has(finding) || (finding === "gone" && evidence?.proven !== true);
}

/** What a recording that the source lists is to the archive; undefined when all is well. */
export function reconcileRef(
  ref: RecordingRef,
  entry: LedgerEntry | undefined,
  tolerance: Tolerance = usualTolerance,
): Reconciled | undefined {
  if (entry === undefined) return { finding: "missing", message: "never asked for", ref };
  switch (entry.state) {
    case "done":
      return tooShort(ref, entry, tolerance);
    case "gone":
    case "no-recording":
      return withEvidence(
        { finding: "gone", message: entry.lastError?.message ?? "not at the source any more", ref },
        entry,
      );
    case "purged":
      return { finding: "purged", message: "deleted here on purpose", ref };
    case "forbidden":
      return withEvidence(
        { finding: "not-permitted", message: entry.lastError?.message ?? "the login may not hear it", ref },
        entry,
      );
    default:
      return { finding: "missing", message: entry.lastError?.message ?? `still ${entry.state}`, ref };
  }
}

/** The finding with whose word it rests on; without any it is not proven. */
function withEvidence(found: Reconciled, { evidence }: LedgerEntry): Reconciled {
  if (evidence === undefined) return { ...found, message: `${found.message} (not proven yet)` };
  return { ...found, message: `${found.message} (${evidenceInWords(evidence)})`, evidence };
}

function tooShort(
  ref: RecordingRef,
  { stored, ref: known }: LedgerEntry,
  tolerance: Tolerance,
): Reconciled | undefined {
  const call = { ...known.call, ...ref.call };
  if (!isShort(call, stored?.audioSeconds, tolerance)) return undefined;
  return { finding: "short", message: shortness(call, stored?.audioSeconds), ref };
}
