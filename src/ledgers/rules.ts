import type { ErrorCode, RecordingError } from "../core/errors.ts";
import type { SkipReason } from "../core/events.ts";
import type { EntryState } from "../core/ports.ts";
import { printable } from "../core/printable.ts";

/** What an entry at rest is: `claimed` is not a state of its own but a lease upon one of these. */
export type RestState = Exclude<EntryState, "claimed">;

/** What a ledger holds of a recording, as far as a claim asks. */
export interface Held {
  readonly state: RestState;
  readonly path: string | null;
  readonly attempts: number;
  /** The run that settled it last. */
  readonly runId: string | null;
  readonly leaseOwner: string | null;
}

/** Why `self` may not fetch this recording now, or undefined when it may. */
export function refusal(held: Held, self: string, lives: (owner: string) => boolean): SkipReason | undefined {
  if (held.leaseOwner === self) return "repeated";
  if (held.leaseOwner !== null && lives(held.leaseOwner)) return "claimed";
  if (held.runId === self) return "repeated";
  return final(held.state);
}

/** Why a recording that is not there any more may not be fetched again, or undefined when it may. */
export function reclaimRefusal(held: Held, self: string, lives: (owner: string) => boolean): SkipReason | undefined {
  if (held.leaseOwner === self) return "repeated";
  if (held.leaseOwner !== null && lives(held.leaseOwner)) return "claimed";
  return held.state === "purged" ? "purged" : undefined;
}

function final(state: RestState): SkipReason | undefined {
  return state === "done" || state === "gone" || state === "purged" || state === "no-recording" ? state : undefined;
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

/** The states that `pending` lists: still wanted, and worth another try. */
export const wanted: readonly RestState[] = ["pending", "failed"];

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
