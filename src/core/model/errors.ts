import type { ResponseHead } from "./recording.ts";

/**
 * What to do next: `retry` the same after a delay, `renew` with a fresh link or token at once, `give-up` on this
 * recording and go on with the others, `stop` the whole run.
 */
export type Verdict = "retry" | "renew" | "give-up" | "stop";

/** Every way a recording, a row or a run can fail; a code never changes its meaning, scripts match on it. */
export type ErrorCode =
  // what was asked for
  | "usage" // wrong flags or settings
  | "bad-rows" // rows unreadable, or a failed export
  | "not-found" // named on the command line, not there
  // who asks
  | "login-refused" // credentials, grant or token refused
  | "permission-refused" // the login lacks a scope, role or script
  | "forbidden" // this one recording is not permitted
  | "foreign-host" // a URL points to a host that must not get our token
  // what the source has
  | "no-recording" // the source says there is none
  | "not-ready" // young call, audio not there yet
  | "gone" // deleted or expired at the source
  // the way there
  | "unreachable" // DNS, refused connection
  | "tls" // certificate or protocol version
  | "timeout"
  | "reset" // connection broke
  | "server-error" // 5xx, 408, 425
  | "rate-limited" // 429
  | "http-error" // any other refusal
  | "bad-answer" // not what the protocol promises
  | "link-expired"
  // the bytes
  | "empty-body"
  | "not-audio"
  | "wrong-length" // shorter or longer than announced
  | "bad-audio" // audio header contradicts what arrived
  | "changed" // a resumed file changed at the source
  | "not-longer" // a recording that is short here is no longer at the source
  // the disk
  | "disk-full"
  | "disk-denied"
  | "disk-read-only"
  | "disk-io"
  | "too-many-files"
  | "name-too-long"
  | "unsafe-path" // a symlink or foreign file stands where we must write
  // the run
  | "lost-claim" // another run has taken the recording over, or it was purged
  | "locked"
  | "ledger" // ledger damaged or from a newer version
  | "interrupted"
  | "cap-reached"
  | "reader-gone" // stdout closed early
  | "differences"
  | "bug";

const stopping: ReadonlySet<ErrorCode> = new Set([
  "usage",
  "bad-rows",
  "login-refused",
  "permission-refused",
  "disk-full",
  "disk-denied",
  "disk-read-only",
  "disk-io",
  "locked",
  "ledger",
  "interrupted",
  "cap-reached",
  "reader-gone",
  "bug",
]);

const retrying: ReadonlySet<ErrorCode> = new Set([
  "unreachable",
  "timeout",
  "reset",
  "server-error",
  "rate-limited",
  "wrong-length",
  "changed",
  "too-many-files",
]);

/** Who says of a recording that it is gone, absent or forbidden. */
export interface Witness {
  /** The address that answered: a host, with what else tells it from others (login, page). */
  readonly by: string;
  /** Its words name this very recording; other words count only from an address that has yielded recordings before. */
  readonly explicit: boolean;
}

export interface ErrorDetails {
  /** Overrides the code's own verdict. */
  readonly verdict?: Verdict;
  /** From Retry-After: milliseconds to wait before any repeat, honoured in full. */
  readonly retryAfterMs?: number;
  /** The answer that failed, for the source to classify; never printed. */
  readonly head?: ResponseHead;
  /** First bytes of a failing answer's body, for the source to classify; never printed. */
  readonly body?: string;
  /** Nothing of the request left this machine: no server can have counted it. */
  readonly unsent?: boolean;
  readonly witness?: Witness;
  readonly cause?: unknown;
}

/**
 * The one error of callreel. `message` is a sentence for a person: what happened, to what, and the flag or command
 * that helps; never a token, a query string or a server's own words unchecked.
 */
export class RecordingError extends Error {
  override readonly name = "RecordingError";
  readonly code: ErrorCode;
  readonly verdict: Verdict;
  readonly retryAfterMs: number | undefined;
  readonly head: ResponseHead | undefined;
  readonly body: string | undefined;
  readonly unsent: boolean;
  /** Set where this is the source's own word about the recording: evidence, not an accident on the way. */
  readonly witness: Witness | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.verdict = details.verdict ?? defaultVerdict(code);
    this.retryAfterMs = details.retryAfterMs;
    this.head = details.head;
    this.body = details.body;
    this.unsent = details.unsent ?? false;
    this.witness = details.witness;
  }
}

/** Whether the request that ended so may have reached its server. */
export function maybeSent(error: unknown): boolean {
  return !(error instanceof RecordingError && error.unsent);
}

export function defaultVerdict(code: ErrorCode): Verdict {
  if (stopping.has(code)) return "stop";
  if (retrying.has(code)) return "retry";
  return code === "link-expired" ? "renew" : "give-up";
}

/**
 * Anything thrown as a RecordingError: aborts become `interrupted`, what could not be opened for want of file descriptors
 * (a module, a thread) `too-many-files`, which stops the run; the rest is a bug. Keeps its cause.
 */
export function asRecordingError(thrown: unknown): RecordingError {
  if (thrown instanceof RecordingError) return thrown;
  if (thrown instanceof Error && thrown.name === "AbortError") {
    return thrown.cause instanceof RecordingError ? thrown.cause : new RecordingError("interrupted", "Interrupted.");
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  if (/\b(?:EMFILE|ENFILE)\b/.test(text)) {
    const message = "Too many files are open (EMFILE). Lower --transfers or raise the limit (ulimit -n).";
    return new RecordingError("too-many-files", message, { verdict: "stop", cause: thrown });
  }
  return new RecordingError("bug", `Unexpected error: ${text}`, { cause: thrown });
}

/** A RecordingError as plain data, to cross between threads. Its cause becomes text. */
export interface ErrorParts {
  readonly code: ErrorCode;
  readonly message: string;
  readonly verdict: Verdict;
  readonly retryAfterMs: number | undefined;
  readonly head: ResponseHead | undefined;
  readonly body: string | undefined;
  readonly unsent: boolean;
  readonly cause: string | undefined;
}

export function errorParts(error: RecordingError): ErrorParts {
  const { code, message, verdict, retryAfterMs, head, body, unsent, cause } = error;
  const told =
    cause instanceof Error ? (cause.stack ?? cause.message) : cause === undefined ? undefined : String(cause);
  return { code, message, verdict, retryAfterMs, head, body, unsent, cause: told };
}

/** The error again; its cause is an Error whose stack is the one from over there. */
export function errorOf({
  code,
  message,
  verdict,
  retryAfterMs,
  head,
  body,
  unsent,
  cause,
}: ErrorParts): RecordingError {
  return new RecordingError(code, message, {
    verdict,
    unsent,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(head === undefined ? {} : { head }),
    ...(body === undefined ? {} : { body }),
    ...(cause === undefined ? {} : { cause: Object.assign(new Error(message), { stack: cause }) }),
  });
}
