import type { Evidence } from "../download/evidence.ts";
import type { Summary } from "./events.ts";
import type { RecordingKey, SourceName } from "./recording.ts";

/** What the archive holds of one source, month and state. `month` is `2026-11`, or empty where the call's start is unknown. */
export interface Holding {
  readonly source: SourceName;
  readonly month: string;
  readonly state: string;
  readonly entries: number;
  readonly bytes: number;
  /** Seconds of audio, or of the call where the audio's length is unknown; 0 for what is not held. */
  readonly seconds: number;
}

/** Recordings that are not held, for one and the same reason. */
export interface Failure {
  readonly source: SourceName;
  readonly state: string;
  readonly code: string;
  readonly entries: number;
  /** The message and the key of one of them, and what is known of why it cannot be had. */
  readonly message: string;
  readonly example: RecordingKey;
  readonly evidence?: Evidence;
}

/** Recordings that are held but clearly shorter than their calls. */
export interface Shorts {
  readonly entries: number;
  /** How many of them were not asked for again yet. */
  readonly open: number;
  /** The key of one of them. */
  readonly example?: RecordingKey;
}

/** Recordings still wanted whose call began before a given time. */
export interface Waiting {
  readonly entries: number;
  /** The oldest call's start, absent when there is none. */
  readonly oldest?: string;
}

/** One run as the archive proves it. Times are ISO 8601 in UTC. */
export interface RunRecord extends Omit<Summary, "stoppedBy"> {
  readonly seq: number;
  readonly runId: string;
  readonly version: string;
  readonly started: string;
  readonly finished: string;
  /** `interrupted`: the run ended without a word, and a later one closed its record. */
  readonly result: "finished" | "interrupted";
  readonly exitCode?: number;
  readonly stoppedBy?: { readonly code: string; readonly message: string };
  readonly selection: Readonly<Record<string, unknown>>;
  /** Who ran it, and on which computer; records of before have neither. */
  readonly by?: string;
  readonly host?: string;
  /** What was listed whole; absent where nothing was, or where that was not recorded yet. */
  readonly listed?: readonly Listed[];
  readonly hash: string;
}

/** Calls that were listed whole, by their system or as a person gave them. Times are ISO 8601 in UTC. */
export interface Listed {
  readonly source: SourceName;
  readonly by: "call-log" | "rows" | "database";
  /** Calls that began at this time or later, and before the other; absent: however long ago. */
  readonly from?: string;
  readonly to: string;
  /** The login may see its own calls only. */
  readonly own?: true;
  /** Tells logins apart without saying who they are; and the accounts of the recordings that were listed. */
  readonly login?: string;
  readonly accounts?: readonly string[];
  /** Only calls of one direction, number, extension, kind or length were asked for. */
  readonly filtered?: true;
}

/** What all runs came to; the fetches that the player makes are no downloads, but their bytes count. */
export interface RunTotals {
  readonly bytes: number;
  /** When the newest download with exit code 0 ended: ISO 8601 in UTC. */
  readonly lastSuccess?: string;
  readonly lastDownload?: Pick<RunRecord, "started" | "ms" | "exitCode">;
}

/** What can be done with an archive besides downloading into it. */
export const auditActions = [
  "purge",
  "playback",
  "export",
  "rebuild",
  "verify",
  "reconcile",
  "adopt",
  "hold-add",
  "hold-remove",
  "hold-confirm",
  "retention-set",
  "retention-remove",
] as const;

/** What was done with a recording besides fetching it. */
export interface AuditLine {
  readonly action: (typeof auditActions)[number];
  readonly key?: RecordingKey;
  /** What was done, in words, or as JSON. */
  readonly detail?: string;
  /** Why, as the person who did it has told. */
  readonly reason?: string;
  /** Who did it, where that is not the system's user: a visitor of the player. */
  readonly by?: string;
}

export interface AuditRecord extends AuditLine {
  readonly seq: number;
  readonly at: string;
  /** The computer it was done on; records of before have none. */
  readonly host?: string;
  readonly hash: string;
}

/** A record of the archive: of a run, or of what was done besides. */
export type ArchiveRecord = ({ readonly kind: "run" } & RunRecord) | ({ readonly kind: "audit" } & AuditRecord);

/** Whether a chain of records is as it was written. `head` is the last record's hash: kept elsewhere, it proves the whole. */
export interface ChainReport {
  readonly entries: number;
  readonly head: string;
  readonly broken?: { readonly seq: number; readonly name: string; readonly reason: string };
}

/** A record, or an outcome of a recording, that is not as it was written; `name` is the record's or the recording's key. */
export interface RecordBreak {
  readonly name: string;
  readonly reason: string;
}

/** Where a head that was noted earlier stands in the archive. */
export interface FoundHead {
  /** When its record was written: ISO 8601 in UTC. */
  readonly at: string;
  /** How many outcomes have come since. */
  readonly later: number;
}
