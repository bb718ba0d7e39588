/*
 * A key is a path (`ringcentral/{id}`, for voicemail `ringcentral/vm/{messageId}/{attachmentId}`;
 * `tim/{datasource}/{voicelocation}/{voicefilename}`): ledger key, event key and the player's permanent URL are one thing.
 */

/** The systems recordings come from. */
export type SourceName = "ringcentral" | "tim";

/**
 * Names one recording for ever: `ringcentral/{id}` or `tim/{datasource}/{voicelocation}/{voicefilename}`, each part
 * percent-encoded. The ledger's primary key, and, behind `/r/`, the recording's permanent path in the player.
 */
export type RecordingKey = string;

/** One line of input as a reader or a listing gave it: a call-log record (nested JSON) or a calls-table row (strings). */
export interface Row {
  readonly fields: Readonly<Record<string, unknown>>;
  /** Where it stands, for messages: a file name, `-` for stdin, or the API's name. */
  readonly file: string;
  /** 1-based line in that file; for JSON and listings the 1-based record number. */
  readonly line: number;
  /** When the call began, as `Call.start` has it, where the reader could tell it from the row's columns. */
  readonly start?: string;
}

/** A row that could not be read; the rows around it still count. */
export interface RejectedRow {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Rows travel in batches (a page of a listing, a chunk of a file), so that a million of them cost no million promises. */
export interface RowBatch {
  readonly rows: readonly Row[];
  readonly rejected?: readonly RejectedRow[];
  /** What a person should know of how the rows were read. */
  readonly notices?: readonly string[];
}

export type Direction = "inbound" | "outbound" | "internal";

/** What is known of the call, for names, filters and the catalogue. Every field may be absent. */
export interface Call {
  /**
   * ISO 8601 start: with `Z` or an offset where the system gives an instant (RingCentral), without one where it gives
   * site-local time (TIM). Never shifted.
   */
  readonly start?: string;
  /** Seconds. */
  readonly duration?: number;
  readonly direction?: Direction;
  readonly from?: string;
  readonly to?: string;
  readonly extension?: string;
  /** Whose the extension is: a person's or a queue's name, from the account's list of extensions. */
  readonly user?: string;
  readonly name?: string;
  /** RingCentral: `Automatic` or `OnDemand`. */
  readonly type?: string;
  /** What the legs of one call share: RingCentral's telephonySessionId. */
  readonly session?: string;
  readonly account?: string;
  /** The call's own id in its system (RingCentral: the call-log record's id). */
  readonly callId?: string;
}

/** One recording to fetch. Plain data without any secret: it may be stored, printed and read back. */
export interface RecordingRef {
  readonly key: RecordingKey;
  readonly source: SourceName;
  /** The RingCentral recording id (`vm-{messageId}-{attachmentId}` for voicemail), or TIM's voicefilename. */
  readonly id: string;
  /**
   * What the source needs to take a link. RingCentral: `{ contentUri }` (may be absent when only the id is known);
   * TIM: `{ datasource, voicelocation, voicefilename }`.
   */
  readonly locator: Readonly<Record<string, string>>;
  readonly call: Call;
  /** A person asks for this very one: it is asked for whatever earlier answers said. */
  readonly insist?: true;
  /** Only a person's word stands for it, which may be mistyped: no row and no listing brought it. */
  readonly named?: true;
}

/** What a row turned out to speak of. */
export interface RowFinding {
  readonly refs: readonly RecordingRef[];
  /** Set when the row has no recording, and why. */
  readonly absence?: { readonly reason: "no-recording" | "short-recording"; readonly call: Call };
}

/** A short-lived URL plus the headers it needs. A key: never stored, never logged, never in an event. */
export interface Link {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether a Range request may be made on it. */
  readonly resumable: boolean;
  /** Monotonic milliseconds (Clock.monotonic) from before the source was asked for the link, after all waiting for leave to ask; and its greatest age at use. */
  readonly takenAt: number;
  readonly staleAfterMs?: number;
  /** Wall-clock milliseconds when the link stops working, where known (`link --direct` prints it). */
  readonly expiresAtMs?: number;
  /** Which of several logins to the system it comes from, from 0: each is reached in its own way. */
  readonly login?: number;
  /**
   * Told once, as soon as the answer's head is here, or with undefined when none came: feeds rate limiter and token cache.
   * `sent` is false when the request never left this machine.
   */
  readonly answered?: (head: ResponseHead | undefined, sent?: boolean) => void;
}

/** Status and headers of an answer. Header names are lower-case; repeated ones are joined by `, `. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export type AudioType =
  | "audio/wav"
  | "audio/mpeg"
  | "audio/ogg"
  | "audio/flac"
  | "audio/mp4"
  | "audio/aac"
  | "audio/amr"
  | "audio/basic";

/** A recording at rest: checked, synced and renamed to its final path. */
export interface Stored {
  /** Relative to the archive, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly contentType: AudioType;
  /** Seconds of audio, counted in the bytes. */
  readonly audioSeconds?: number;
  /** Clearly shorter than its call: asked for once more by a later run. */
  readonly short?: true;
  /** What is odd about the file, for a person. */
  readonly note?: string;
  /** What a bucket calls this version of the object's bytes. */
  readonly etag?: string;
  /** How many of the bytes were already here from an earlier, broken download. */
  readonly resumedFrom?: number;
}
