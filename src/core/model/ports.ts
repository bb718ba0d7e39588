import type { RecordingError } from "./errors.ts";
import type { DownloadEvent } from "./events.ts";
import type {
  Link,
  RecordingKey,
  RecordingRef,
  ResponseHead,
  Row,
  RowBatch,
  RowFinding,
  SourceName,
  Stored,
} from "./recording.ts";

/** Time, so that tests can hold it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Monotonic milliseconds, for ages and durations. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Which calls are wanted. Instants are wall-clock milliseconds; the end is exclusive. */
export interface Selection {
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Where a listing begins that turns out to be of the login's own calls only, when that differs. */
  readonly ownFromMs?: number;
  readonly minAgeMs?: number;
  /** The same bounds as naive local text (`2024-05-01T00:00:00`), to compare with naive starts. */
  readonly fromLocal?: string;
  readonly toLocal?: string;
  readonly youngLocal?: string;
  readonly direction?: "inbound" | "outbound";
  readonly extension?: string;
  readonly number?: string;
  readonly minDurationSeconds?: number;
  readonly recordingType?: "automatic" | "ondemand" | "all";
  /** Calls before this instant are past what the source keeps, by its own word or by what is usual (`assumed`). */
  readonly expired?: { readonly beforeMs: number; readonly assumed: boolean };
}

/** What a listing came to once all of it was had. */
export interface HeardListing {
  /** Calls that began at this instant or later were listed. */
  readonly fromMs: number;
  /** Calls that began before this instant were listed. */
  readonly untilMs: number;
  /** Whether the system's own clock has told the time. */
  readonly byServer: boolean;
  /** Whose calls were listed: everybody's, or the login's own where it may see no more. */
  readonly level: "account" | "extension";
}

/** What a system keeps besides each other. */
export type RecordingKind = "calls" | "voicemail";

/** Where the voicemail of one extension lies. */
export interface Mailbox {
  /** The extension's internal id. */
  readonly id: string;
  readonly number?: string;
  /** Whose it is. */
  readonly name?: string;
  /** Of a kind that may have no mailbox at all: a refusal says nothing. */
  readonly mayLack?: true;
}

/** What changed in a mailbox. */
export interface MailboxChanges {
  readonly batch: RowBatch;
  /** What to ask with next. */
  readonly token: string;
  /** Whether those are all changes since; else the mailbox is to be listed. */
  readonly isComplete: boolean;
}

/** The voicemail of an account: a mailbox for each extension. */
export interface VoicemailSource {
  /** Every mailbox of the account; throws where they cannot be listed. */
  mailboxes(signal: AbortSignal): Promise<readonly Mailbox[]>;
  /** One mailbox's messages of a stretch of time, perhaps twice. Throws `forbidden` or `gone` for this mailbox alone; never a short list. */
  list(
    mailbox: Mailbox,
    window: { readonly fromMs: number; readonly toMs: number },
    signal: AbortSignal,
  ): AsyncIterable<RowBatch>;
  /** One mailbox's messages that changed since the token was given; throws as `list` does. */
  changes(mailbox: Mailbox, token: string | undefined, signal: AbortSignal): Promise<MailboxChanges>;
  /** The text of a voicemail whose locator names one. */
  transcript(ref: RecordingRef, signal: AbortSignal): Promise<Uint8Array>;
}

/** What a source's own analysis says of calls: their transcripts, summaries and the like. */
export interface InsightsSource {
  /**
   * What there is of one recording, as the source's own JSON; `not-there` where it has none (yet), `no-service` where it
   * does not even know the question. Throws `forbidden` where this login may not ask at all.
   */
  of(ref: RecordingRef, signal: AbortSignal): Promise<Uint8Array | "not-there" | "no-service">;
}

/** What a source tells of calls while it is listened to: that it is, and each time that one has ended. */
export type CallSign = "listening" | "call-ended";

/** A WebSocket that is open. */
export interface Line {
  send(text: string): void;
  close(): void;
  /** Resolves with why it ended; never rejects. */
  readonly ended: Promise<RecordingError>;
}

/** Opens a WebSocket; `heard` gets each text that arrives. */
export type OpenLine = (url: string, heard: (text: string) => void, signal: AbortSignal) => Promise<Line>;

/** Requests that a window allows, and how many of them are used. */
export interface RequestBudget {
  readonly limit: number;
  readonly used: number;
}

/** Gives the links of recordings, and says what comes of them: what a download needs of a source. */
export interface LinkSource {
  /**
   * A fresh link, taken just before each attempt, after waiting for the rate limiter; never stored, never logged. `failed` is
   * the link of the attempt before, when that failed with verdict `renew`: its token is not to be used again.
   */
  link(ref: RecordingRef, failed: Link | undefined, signal: AbortSignal): Promise<Link>;
  /** Says what a failed transfer means in this system: the same error, or one with the right code, verdict and words. */
  classifyFailure(error: RecordingError, ref: RecordingRef, renewals: number): RecordingError;
  /** Requests a minute that the source allows for audio, where there is such a limit: for an honest ETA. */
  ratePerMinute?(): number | undefined;
  /** How many requests for audio the source allows in its window, and how many count just now. */
  budget?(): RequestBudget | undefined;
  /** The addresses that gave this recording, as witnesses name them: from now on they are believed when they say that one is gone. */
  addressesOf?(ref: RecordingRef): readonly string[];
}

/** Where recordings live: one of the two systems, behind one login. */
export interface Source extends LinkSource, AsyncDisposable {
  readonly name: SourceName;
  /** Rows of the system's own call log, oldest window first; absent where the system has none to ask. A failure throws: never a short list. */
  list?(selection: Selection, signal: AbortSignal, heard?: (listing: HeardListing) => void): AsyncIterable<RowBatch>;
  /** Its voicemail; absent where it keeps none. */
  readonly voicemail?: VoicemailSource;
  /** What it says of its recordings; absent where it analyses none. */
  readonly insights?: InsightsSource;
  /** The system's own clock, where it tells: milliseconds since 1970, never ahead; at most one cheap request. */
  now?(signal: AbortSignal): Promise<number | undefined>;
  /** Hears of calls as they happen, until the line ends; then it throws why, as for any other reason. */
  listen?(open: OpenLine, hear: (sign: CallSign) => void, signal: AbortSignal): Promise<never>;
  /** Tells logins apart without saying who they are: how far a listing came is each login's own. */
  readonly login?: string;
  /** Which recordings a row speaks of. Pure and total: hostile fields give an absence or a RecordingError `bad-rows`, never another throw. */
  recordings(row: Row): RowFinding;
  /** The recording that an id, contentUri or permanent path names, without asking anyone; undefined when it is not of this system. */
  named(text: string): RecordingRef | undefined;
  /** The same recordings with what the system tells of their calls: at most one request for all, and never a failure but for the signal. */
  described?(refs: readonly RecordingRef[], signal: AbortSignal): Promise<readonly RecordingRef[]>;
  /** How many days the system keeps recordings, where it says so; at most one cheap request. */
  retentionDays?(signal: AbortSignal): Promise<number | undefined>;
  /** The checks of `callreel doctor`, in order; each asks at most one request more than it must; `sample` is a recording to try. */
  check?(signal: AbortSignal, sample?: RecordingRef): AsyncIterable<Check>;
}

export interface Check {
  readonly name: string;
  readonly status: "ok" | "warning" | "failed" | "skipped";
  readonly message: string;
  readonly remedy?: string;
  /** The exit code a failed check stands for; 2 unless told. */
  readonly exitCode?: number;
}

/** Where rows come from. */
export interface Reader {
  /** Streams the rows in batches of at most a few thousand; constant memory. A failed export throws `bad-rows`. */
  rows(signal: AbortSignal): AsyncIterable<RowBatch>;
}

/** What the bytes must be like to be kept. */
export interface Expectation {
  readonly key: RecordingKey;
  /** The call's start, for the file's mtime; milliseconds. */
  readonly mtimeMs?: number;
  /** Keep and use partial files of earlier runs. */
  readonly resume: boolean;
  readonly overwrite: boolean;
  /** Audio that does not last longer is refused (`not-longer`) and replaces nothing. */
  readonly longerThanSeconds?: number;
  /** Asks for a `.info.json` beside the audio: these fields, to which the destination adds `file`, what it stored. */
  readonly sidecar?: Readonly<Record<string, unknown>>;
}

/** Takes one answer's bytes as they arrive. Throwing a RecordingError refuses the answer and cuts the connection. */
export interface Receiver {
  /** Called once, before any byte. Refuses what cannot be audio by status, type or length. */
  head(head: ResponseHead): void;
  /** A returned promise pauses the connection until it resolves. The chunk belongs to the receiver, which may give its memory away. */
  chunk(bytes: Uint8Array): void | Promise<void>;
}

/** One recording on its way in. Exactly one of `finish` and `abandon` is called, once. */
export interface Incoming extends Receiver {
  /** Headers for a request that continues a partial file (Range, If-Range); empty to start from the beginning. */
  readonly rangeHeaders: Readonly<Record<string, string>>;
  /** The partial file's bytes, to be read before the answer comes; absent when there are none or they stay hidden. */
  kept?(): AsyncIterable<Uint8Array>;
  /** Checks what arrived; resolves when the bytes are complete here, `settled` when they are safe at their final path. */
  finish(): Promise<Received>;
  /** The transfer failed: keeps what a later run can continue from, else removes it. Never throws. */
  abandon(error: RecordingError): Promise<void>;
}

export interface Received {
  /** Rejects with a disk error when the bytes could not be made safe; groups of files are synced together. */
  readonly settled: Promise<Stored>;
}

/** Where audio goes. */
export interface Destination extends AsyncDisposable {
  /** `path` is relative, without extension-guessing: its `{ext}` mark (see path-template.ts) is filled in when the bytes tell. */
  open(path: string, expect: Expectation, signal: AbortSignal): Promise<Incoming>;
  /** Whether a finished file still stands at `path`: cheap, no reading. */
  has?(path: string): boolean;
  /** A finished file for this recording that no ledger knows of (any extension): checked and hashed, or undefined. */
  adopt?(path: string, expect: Expectation): Promise<Stored | undefined>;
  /** Takes a finished file away that another one has replaced; that there is none is fine. */
  remove?(path: string): void | Promise<void>;
  /** Takes back what came of a recording that was purged meanwhile: its parts, and the file `stored` if it is still that one. */
  withdraw?(key: RecordingKey, stored?: Stored): Promise<void>;
}

/** The part of an HTTP client that a transfer needs. */
export interface Streamer {
  /** Streams an answer into `receiver`; an error thrown by the receiver cuts the connection and is thrown here. */
  stream(
    request: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
    receiver: Receiver,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Everything one transfer needs, as plain data, so that it can cross into a thread. */
export interface TransferJob {
  readonly source: SourceName;
  /** As the link says; the first one's client unless told. */
  readonly login?: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resumable: boolean;
  readonly path: string;
  readonly expect: Expectation;
}

export interface TransferHooks {
  /** The answer's head, as soon as it is here. */
  head?(head: ResponseHead): void;
  /** Bytes received since the last call. */
  progress?(bytes: number, total: number | undefined): void;
}

/** One recording's bytes from link to rest: the hot path, in this thread or in others. */
export interface Transfer extends AsyncDisposable {
  run(job: TransferJob, hooks: TransferHooks, signal: AbortSignal): Promise<Received>;
}

/** How a run is shown. Never throws, never answers. */
export interface Reporter {
  report(event: DownloadEvent): void;
  close(): Promise<void>;
}

/**
 * One permit to send one request of a group; `answered` must be called once, also when nothing came back. A permit whose
 * request never left this machine (`sent` is false) may be used for another.
 */
export interface Permit {
  observeResponse(head: ResponseHead | undefined, sent?: boolean): void;
}

/** The one place a rate-limited request waits. */
export interface RateLimiter {
  acquire(group: string, signal: AbortSignal): Promise<Permit>;
}
