import { type Evidence, evidenceInWords } from "../download/evidence.ts";
import { isShort, shortness, type Tolerance, usualTolerance } from "../download/refetch.ts";
import type { HeldFile, LedgerEntry } from "../model/ledger.ts";
import type { Call, RecordingRef } from "../model/recording.ts";
import { formatCount, formatNumberOf } from "../text.ts";

export type Finding =
  | "missing" // the source has it, the archive does not, or its file is not there
  | "not-ready" // the source has not finished it yet
  | "damaged" // the file has another size, or verify found it damaged
  | "forbidden" // the login may not hear it
  | "gone" // the source lists the call, the audio is no longer there
  | "purged" // purged on purpose
  | "short" // shorter than the call
  | "unprovable" // past what the source keeps by its own word, and never asked for
  | "short-recording" // the source kept no audio, the call was too short
  | "extra"; // the archive has it, the source does not list it

/** One line of a reconciliation; with `ref` it can be fed back as a row. */
export interface Reconciled {
  readonly kind: Finding;
  readonly message: string;
  readonly ref?: RecordingRef;
  /** Who said that it cannot be had, how often and when. */
  readonly evidence?: Evidence;
  readonly call?: Call;
}

/** Findings that make source and archive differ; the others are told, but nothing can or need be done. */
const differing: ReadonlySet<Finding> = new Set(["missing", "not-ready", "damaged", "forbidden", "short", "extra"]);

export function isDifference({ kind, evidence }: Reconciled): boolean {
  return differing.has(kind) || (kind === "gone" && evidence?.proven !== true);
}

/** What stands at a held recording's path; undefined when there is no plain file. */
export type Look = (path: string) => { readonly bytes: number } | undefined;

/** What findings are judged and told by. */
export interface ReconcileRules {
  readonly tolerance?: Tolerance;
  /** The zone of the times in messages; the system's unless given. */
  readonly timezone?: string | undefined;
}

/** What a recording that the source lists is to the archive; undefined when all is well as far as one can see without reading. */
export function reconcileRef(
  ref: RecordingRef,
  entry: LedgerEntry | undefined,
  look: Look,
  { tolerance = usualTolerance, timezone }: ReconcileRules = {},
): Reconciled | undefined {
  if (entry === undefined) return { kind: "missing", message: "never asked for", ref };
  const said = entry.lastError?.message;
  switch (entry.state) {
    case "done":
      return unsound(ref, entry, look) ?? tooShort(ref, entry, tolerance);
    case "gone":
    case "no-recording":
      return withEvidence({ kind: "gone", message: said ?? "no longer at the source", ref }, entry, timezone);
    case "purged":
      return { kind: "purged", message: "purged on purpose", ref };
    case "forbidden":
      return withEvidence({ kind: "forbidden", message: said ?? "the login may not hear it", ref }, entry, timezone);
    default: {
      const kind = entry.lastError?.code === "not-ready" ? "not-ready" : "missing";
      return { kind, message: said ?? `still ${entry.state}`, ref };
    }
  }
}

/** Whether a listed recording is held well, as far as one can see without reading: then `reconcileRef` finds nothing. */
export function isWell(
  { call }: RecordingRef,
  { path, bytes, audioSeconds, duration }: HeldFile,
  look: Look,
  { tolerance = usualTolerance }: ReconcileRules = {},
): boolean {
  if (look(path)?.bytes !== bytes) return false;
  const lasted = call.duration ?? duration;
  return lasted === undefined || !isShort({ duration: lasted }, audioSeconds, tolerance);
}

/**
 * What a recording that was not asked for because of its age is to the archive. Where the source itself told how long it
 * keeps recordings, one that the archive never heard of is beyond proof; where that is only `assumed`, it is missing.
 */
export function reconcileExpired(
  ref: RecordingRef,
  entry: LedgerEntry | undefined,
  look: Look,
  { assumed, ...rules }: ReconcileRules & { readonly assumed: boolean },
): Reconciled | undefined {
  if (entry !== undefined) return reconcileRef(ref, entry, look, rules);
  if (assumed) return { kind: "missing", message: `older than such sources usually keep recordings, ${unasked}`, ref };
  return { kind: "unprovable", message: `older than its source keeps recordings, ${unasked}`, ref };
}

const unasked = "so it was never asked for; download --include-expired asks";

/** What is wrong with a held recording's file, or with one that is extra; undefined when it is there with its size and nobody found it damaged. */
export function unsound(ref: RecordingRef, { stored, damage }: LedgerEntry, look: Look): Reconciled | undefined {
  if (stored === undefined) return undefined;
  const { path, bytes } = stored;
  const found = look(path);
  if (found === undefined) return { kind: "missing", message: `its file ${path} is not there`, ref };
  if (found.bytes !== bytes) {
    return {
      kind: "damaged",
      message: `${path} has ${formatNumberOf(found.bytes, "byte")} instead of ${formatCount(bytes)}`,
      ref,
    };
  }
  return damage === undefined
    ? undefined
    : { kind: "damaged", message: `verify found ${path} damaged: ${damage}`, ref };
}

/** The finding with whose word it rests on; without any it is not proven. */
function withEvidence(found: Reconciled, { evidence }: LedgerEntry, timezone: string | undefined): Reconciled {
  if (evidence === undefined) return { ...found, message: `${found.message} (not proven yet)` };
  return { ...found, message: `${found.message} (${evidenceInWords(evidence, timezone)})`, evidence };
}

function tooShort(
  ref: RecordingRef,
  { stored, ref: known }: LedgerEntry,
  tolerance: Tolerance,
): Reconciled | undefined {
  const call = { ...known.call, ...ref.call };
  if (!isShort(call, stored?.audioSeconds, tolerance)) return undefined;
  return { kind: "short", message: shortness(call, stored?.audioSeconds), ref };
}
