import type { Evidence } from "../download/evidence.ts";
import type { ErrorCode } from "./errors.ts";
import type { AudioType, Call, RecordingKey, RecordingRef, SourceName } from "./recording.ts";

export type SkipReason =
  | "done" // already in the archive, checked when it came
  | "repeated" // the same recording was already asked for in this run
  | "claimed" // another process is fetching it now
  | "enqueued" // in the ledger by now, for `--pending` to fetch (`--enqueue-only`)
  | "held" // under a legal hold: not fetched again, for nothing may replace it
  | "gone" // proven to be deleted or expired at the source
  | "forbidden" // closed to this login until its source no longer kept it
  | "unproven" // its source said that it cannot be had, which is not proven yet; asked again after a while
  | "purged" // purged on purpose (`callreel purge`)
  | "no-recording" // the row has none
  | "short-recording" // RingCentral keeps none below its minimum
  | "unknown-start" // the selection asks for a start, and the row has none that can be read
  | "unknown-field" // the selection asks for a direction, extension or number, which the row does not tell
  | "filtered" // outside --from/--to, --number, …
  | "too-young" // younger than --min-age
  | "past-retention" // older than the source keeps recordings, by its own word
  | "past-usual-retention"; // older than such sources usually keep recordings; this one does not tell

/** What a run tells of itself; one NDJSON object each with `--json`. Reporters hear these and answer nothing. */
export type DownloadEvent =
  /** `profile` where profiles are downloaded one after another. */
  | { event: "run-started"; runId: string; sources: readonly SourceName[]; dest: string; profile?: string }
  | { event: "listed"; source: SourceName; rows: number; recordings: number; from?: string; to?: string }
  /** How far the system's own call log has been read: so many rows so far, of calls between these instants. */
  | { event: "listing"; source: SourceName; rows: number; from: string; to: string }
  /** How many recordings were found so far, whatever became of them, and how many of these the archive has settled before the run; `complete` once that is all. */
  | { event: "found"; recordings: number; settled?: number; complete: boolean }
  | { event: "row-rejected"; file: string; line: number; message: string }
  /** A part of what was asked for that could not be had, though the rest could: a mailbox, or the text of a voicemail. */
  | { event: "incomplete"; what: string; code: ErrorCode; message: string }
  | {
      event: "recording-skipped";
      key?: RecordingKey;
      reason: SkipReason;
      path?: string;
      evidence?: Evidence;
      call?: Call;
      /** The recording itself, where a row told it. */
      ref?: RecordingRef;
      file?: string;
      line?: number;
    }
  | { event: "recording-started"; key: RecordingKey; call: Call }
  | { event: "recording-progress"; key: RecordingKey; bytes: number; total?: number }
  | { event: "attempt-failed"; key: RecordingKey; code: ErrorCode; message: string; attempt: number; retryInMs: number }
  | { event: "waiting"; reason: string; untilMs: number }
  | { event: "notice"; level: "info" | "warning"; message: string }
  | {
      event: "recording-done";
      key: RecordingKey;
      path: string;
      bytes: number;
      sha256: string;
      contentType: AudioType;
      /** Clearly shorter than its call: a later run asks once more. */
      short?: true;
      /** It replaced another file of this recording, and no later run asks by itself. */
      shortAgain?: true;
      /** What is odd about it. */
      note?: string;
      /** Seconds of sound, counted in the bytes. */
      audioSeconds?: number;
      ms: number;
      call: Call;
    }
  | ({ event: "recording-failed"; code: ErrorCode; message: string } & RecordingRef)
  /** `head` stands for all the archive's records: noted elsewhere, it proves them. */
  | ({ event: "run-finished"; exitCode: number; head?: string } & Summary);

/** Recordings that were skipped for one reason on their source's word. */
export interface Absent {
  readonly reason: SkipReason;
  readonly entries: number;
  /** The key of one of them, and the evidence for it. */
  readonly example: RecordingKey;
  readonly evidence: Evidence;
}

/** What a run came to. */
export interface Summary {
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
  readonly rejected: number;
  readonly bytes: number;
  readonly ms: number;
  /** Skips by reason and failures by code. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Why parts of what was asked for could not be had (mailboxes, texts of voicemail); absent when there are none. */
  readonly incomplete?: readonly ErrorCode[];
  /** Recordings of this and earlier runs whose `--exec` failed or never ran; absent when there are none. */
  readonly hooksFailed?: number;
  /** What was not asked for, or not to be had, because of what its source says; absent when there is none. */
  readonly absent?: readonly Absent[];
  /** How many of the recordings that came are clearly shorter than their calls; absent when none is. */
  readonly short?: number;
  /** How many of those were fetched again already, and are not asked for by themselves any more; absent when none is. */
  readonly shortAgain?: number;
  /** What ended the run early, if anything did. */
  readonly stoppedBy?: { readonly code: ErrorCode; readonly message: string };
}
