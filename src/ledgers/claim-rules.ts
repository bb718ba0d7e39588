import {
  type Evidence,
  isAbsence,
  isQuiet,
  retentionNote,
  usualRetentionDays,
  type Word,
  weigh,
  wordOf,
} from "../core/download/evidence.ts";
import type { ErrorCode, RecordingError } from "../core/model/errors.ts";
import type { SkipReason } from "../core/model/events.ts";
import type { Claim, EntryState } from "../core/model/ledger.ts";
import type { RecordingRef } from "../core/model/recording.ts";
import { printable } from "../core/text.ts";

/** What an entry at rest is: `claimed` is not a state of its own but a lease upon one of these. */
export type RestState = Exclude<EntryState, "claimed">;

/** What a ledger holds of a recording, as far as a claim asks. */
export interface Held {
  readonly state: RestState;
  readonly path: string | null;
  readonly attempts: number;
  readonly evidence: Evidence | null;
  /** Shorter than its call, and not asked for again yet. */
  readonly short: boolean;
  /** The run that settled it last. */
  readonly runId: string | null;
  readonly leaseOwner: string | null;
  /** Only named so far. */
  readonly named: boolean;
  /** `verify` found its file changed or lost. */
  readonly damaged: boolean;
}

/** Who claims, at what time, and what is known around the entries. */
export interface Asker {
  readonly runId: string;
  now(): number;
  lives(owner: string): boolean;
  /** Whether an address has ever given a recording to this archive: before, nothing it says keeps anyone from asking. */
  hasYielded(address: string): boolean;
}

/** Why the asker may not fetch this recording now, or undefined when it may. */
export function refusal(held: Held, asker: Asker): SkipReason | undefined {
  if (held.leaseOwner === asker.runId) return "repeated";
  if (held.leaseOwner !== null && asker.lives(held.leaseOwner)) return "claimed";
  if (held.runId === asker.runId) return "repeated";
  if (held.state === "done" || held.state === "purged") return held.state;
  return isAbsence(held.state) ? quietBecause(held.evidence, asker) : undefined;
}

function quietBecause(evidence: Evidence | null, { now, hasYielded }: Asker): SkipReason | undefined {
  if (evidence === null || !isQuiet(evidence, now()) || !hasYielded(evidence.by)) return undefined;
  return evidence.proven ? evidence.says : "unproven";
}

/** Whether this is more than the name which is all that stands for the recording so far. */
export function brings(ref: RecordingRef, held: Held | undefined): boolean {
  return held?.named === true && ref.named !== true;
}

/** Asked for twice in one batch. */
export const repeated: Claim = { granted: false, reason: "repeated" };

/** The answer to who asks for what is held, when it is no. */
export function refused(held: Held | undefined, asker: Asker): Claim | undefined {
  const reason = held && refusal(held, asker);
  if (held === undefined || reason === undefined) return undefined;
  const { state, path, evidence, short, damaged } = held;
  return {
    granted: false,
    reason,
    ...(state === "done" && path !== null && { path }),
    ...(state === "done" && short && { short }),
    ...(state === "done" && damaged && { damaged }),
    ...(isAbsence(state) && evidence !== null && { evidence }),
  };
}

/** Why a recording may not be fetched again although somebody insists, or undefined when it may. */
export function reclaimRefusal(held: Held, { runId, lives }: Asker): SkipReason | undefined {
  if (held.leaseOwner === runId) return "repeated";
  if (held.leaseOwner !== null && lives(held.leaseOwner)) return "claimed";
  return held.state === "purged" ? "purged" : undefined;
}

/** The evidence there is after a failed attempt; `noted` reads the ledger's notes. */
export function evidenceAfter(
  before: Evidence | undefined,
  error: RecordingError,
  ref: RecordingRef,
  now: number,
  noted: (name: string) => string | undefined,
): Evidence | undefined {
  const word = wordOf(error, ref, now);
  if (word === undefined) return before;
  const days = Number(noted(retentionNote(ref.source))) || usualRetentionDays[ref.source];
  return weigh(before, { ...word, ...(days === undefined ? {} : { retentionDays: days }) } satisfies Word);
}

/** Failures that say nothing of the recording itself: it stays as wanted as before. */
const temporary: ReadonlySet<ErrorCode> = new Set([
  "not-ready",
  "unreachable",
  "timeout",
  "reset",
  "server-error",
  "rate-limited",
  "link-expired",
  "too-many-files",
  "disk-full",
  "interrupted",
]);

/** What a recording is after its last attempt failed with `error`. */
export function stateAfter(error: RecordingError): RestState {
  const { code } = error;
  if (code === "gone" || code === "no-recording" || code === "forbidden") return code;
  return temporary.has(code) ? "pending" : "failed";
}

/** The states that `pending` lists: still wanted, and worth another try; besides them, what is not proven to be gone. */
export const wanted: readonly RestState[] = ["pending", "failed"];

/** Whether an entry that is said to be gone is wanted all the same: not proven, or it is time to ask again. */
export function isWantedStill(evidence: Evidence | undefined, nowMs: number): boolean {
  return evidence === undefined || !evidence.proven || !isQuiet(evidence, nowMs);
}

/** Whether a failure to replace a short recording settles that there is no longer one. */
export function settlesShortness({ code }: RecordingError): boolean {
  return code === "not-longer" || isAbsence(code);
}

const messageLimit = 500;

/** An error's words, short and on one line, as they may be kept. */
export function keptMessage(error: RecordingError): string {
  return printable(error.message).slice(0, messageLimit);
}

/** A locator without what a careless row may have put into a URL: user, password, query (tokens) and fragment. */
export function keptLocator(locator: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (!Object.values(locator).some(isRevealing)) return locator;
  return Object.fromEntries(
    Object.entries(locator).map(([name, value]) => [name, isRevealing(value) ? bare(value) : value]),
  );
}

function isRevealing(value: string): boolean {
  return /^\s*https?:\/\/.*[?#@]/is.test(value);
}

function bare(value: string): string {
  if (!URL.canParse(value)) return value.replace(/[?#].*$/s, "").replace(/\/\/[^/]*@/, "//");
  const url = new URL(value);
  url.username = url.password = url.search = url.hash = "";
  return url.href;
}
