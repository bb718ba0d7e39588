import type { CallMarks } from "../download/call-traits.ts";
import type { Evidence } from "../download/evidence.ts";
import type { Hold, HoldRule } from "../holds.ts";
import type { Spoken, Transcript } from "../transcripts/spoken.ts";
import type {
  ArchiveRecord,
  AuditLine,
  AuditRecord,
  ChainReport,
  Failure,
  FoundHead,
  Holding,
  Listed,
  RecordBreak,
  RunRecord,
  RunTotals,
  Shorts,
  Waiting,
} from "./catalogue.ts";
import type { RecordingError } from "./errors.ts";
import type { SkipReason, Summary } from "./events.ts";
import type { Selection } from "./ports.ts";
import type { Direction, RecordingKey, RecordingRef, SourceName, Stored } from "./recording.ts";

export type Claim =
  | { readonly granted: true; readonly attempts: number }
  | {
      readonly granted: false;
      readonly reason: SkipReason;
      readonly path?: string;
      /** Done, but clearly shorter than its call, and not asked for again since. */
      readonly short?: true;
      /** Done, but `verify` found its file damaged, and no new one has come since. */
      readonly damaged?: true;
      /** Of what is said to be gone, absent or forbidden. */
      readonly evidence?: Evidence;
    };

/** How a run began: its exact selection and settings without secrets, kept for proof. */
export interface RunStart {
  readonly runId: string;
  readonly startedMs: number;
  readonly selection: Readonly<Record<string, unknown>>;
  /** Each recording that becomes done is owed a hook until `hookEnded` says that it ran. */
  readonly hooked?: boolean;
}

/** What is done, what is pending, what failed and why. Never holds a URL or a token. */
export interface Ledger extends AsyncDisposable {
  /** Runs on any machines work on it at the same time: each is to claim but little at once. */
  readonly isShared?: boolean;
  begin(run: RunStart): Promise<void>;
  /** For each ref, in order: ours now, or why not. Granted claims keep the ref (locator and call) until done, and carry a lease. */
  claim(refs: readonly RecordingRef[]): Promise<readonly Claim[]>;
  /** Claims what `claim` refuses as done, which it stays until a new file is, or because of what its source said: everything but tombstones and others' claims. */
  reclaim(ref: RecordingRef): Promise<Claim>;
  done(ref: RecordingRef, stored: Stored): Promise<void>;
  /**
   * `not-ready` and temporary failures stay pending; `gone`, `no-recording` and `forbidden` are kept as such, with the
   * evidence that there is by now, which is returned. What was done stays so, with a note of the failure. What was only
   * named (RecordingRef.named) leaves no entry behind.
   */
  failed(ref: RecordingRef, error: RecordingError): Promise<Evidence | undefined>;
  /** Gives a claim back untouched; what was only named is forgotten. */
  release(key: RecordingKey): Promise<void>;
  /** Ends the run; `listed` are the calls that it has seen a whole list of. */
  finish(summary: Summary, exitCode: number, listed?: readonly Listed[]): Promise<void>;
  /** Recordings that are still wanted from earlier runs (failed, not ready, not proven to be gone), then short ones to ask once more for; oldest call first. */
  pending?(source: SourceName): AsyncIterable<readonly RecordingRef[]>;
  /** Claims at most so many of those, oldest call first, and leaves out what others have; nothing once its end is reached. Only where ledgers are shared. */
  pull?(source: SourceName, most: number): Promise<readonly RecordingRef[]>;
  entries?(filter: EntryFilter): AsyncIterable<readonly LedgerEntry[]>;
  /** The keys of those entries, for a fraction of the price. */
  keys?(filter: EntryFilter): AsyncIterable<readonly RecordingKey[]>;
  entry?(key: RecordingKey): Promise<LedgerEntry | undefined>;
  /** Whether a legal hold keeps what is held of this recording. */
  isKept?(ref: RecordingRef): Promise<boolean>;
  /** Each key's entry, in order, asked for all at once; undefined where nothing is known. */
  entriesOf?(keys: readonly RecordingKey[]): Promise<readonly (LedgerEntry | undefined)[]>;
  /** What tells each key's call from others, in order, asked for all at once and for a fraction of the price of entries. */
  callsOf?(keys: readonly RecordingKey[]): Promise<readonly (CallMarks | undefined)[]>;
  /** A small named value that survives runs (the end of the last complete listing window). */
  get?(name: string): Promise<string | undefined>;
  set?(name: string, value: string): Promise<void>;
  /** Keeps the value unless one is kept already, which the first of several gets to do; returns the one that is kept. */
  agree?(name: string, value: string): Promise<string>;
}

/** The ledger of an archive on disk, with all that the catalogue commands ask and record. */
export interface Archive extends Required<Omit<Ledger, "pull">>, Pick<Ledger, "pull"> {
  /** What is held and what is not, per source, month and state; counted as it changes, so it costs the same at any size. */
  summary(): Promise<readonly Holding[]>;
  /** Why recordings are not held, most frequent first. */
  failures(): Promise<readonly Failure[]>;
  /** What is held of each key, in order, where nothing is known to be wrong with it, for a fraction of the price of entries. */
  heldOf(keys: readonly RecordingKey[]): Promise<readonly (HeldFile | undefined)[]>;
  /** Recordings that are clearly shorter than their calls. */
  shorts(): Promise<Shorts>;
  /** Recordings still wanted whose call began before `startedBefore` (ISO 8601, as the source writes starts). */
  waiting(source: SourceName, startedBefore: string): Promise<Waiting>;
  /** Newest first. */
  lastRuns(count: number): Promise<readonly RunRecord[]>;
  /** What the runs came to; `lastSuccess` and `lastDownload` only of those that began before `beforeMs`, where it is given. */
  runTotals(beforeMs?: number): Promise<RunTotals>;
  /** When the oldest run that is at work began, by its own clock; undefined while none is. */
  livingSince(): Promise<number | undefined>;
  /** Records files found in place as done, without a claim; counts those that were not known as done or purged before. */
  adopt(found: readonly { readonly ref: RecordingRef; readonly stored: Stored }[]): Promise<number>;
  /**
   * Leaves a tombstone without numbers, names and paths, so that the recording is never fetched again, and an audit line
   * for each; counts them. What is under a legal hold by then stays as it is. Throws `ledger` while holds may be lost.
   */
  purge(keys: readonly RecordingKey[], reason?: string): Promise<number>;
  /** What was purged and may still have files; empty when every purge was carried through. */
  purging(): Promise<readonly PurgedFile[]>;
  /** Legal holds in force, oldest first. */
  holds(): Promise<readonly Hold[]>;
  /** Places holds, from now on, with an audit line for each. */
  addHolds(rules: readonly HoldRule[], reason?: string): Promise<readonly Hold[]>;
  removeHolds(names: readonly string[], reason?: string): Promise<void>;
  /** What a rebuild could not read of the holds; undefined once `confirmHolds` was told that all that are needed stand. */
  lostHolds(): Promise<string | undefined>;
  confirmHolds(reason?: string): Promise<void>;
  /** The files of these are gone: nothing of the ledger names them any more, in its free space either. */
  purgeEnded(keys: readonly RecordingKey[]): Promise<void>;
  audit(line: AuditLine): Promise<void>;
  /** Notes of held recordings what is wrong with their files; undefined takes the note away, as a new file does. */
  noteDamage(found: ReadonlyMap<RecordingKey, string | undefined>): Promise<void>;
  /** Notes of held recordings what their bucket calls the bytes that were read just now. */
  noteEtags(found: ReadonlyMap<RecordingKey, string>): Promise<void>;
  /** Notes of a held recording all transcripts that there are, and what they say, in place of what was noted before. */
  noteTranscripts(key: RecordingKey, transcripts: readonly Transcript[], spoken: Spoken): Promise<void>;
  /** What was said in a held recording; undefined where no transcript is known. */
  spokenOf(key: RecordingKey): Promise<Spoken | undefined>;
  /** What became of a recording's hook: with a failure it stays owed. */
  hookEnded(key: RecordingKey, failure: string | undefined): Promise<void>;
  /** The recordings held whose hook is still owed. */
  hooksOwed(): AsyncIterable<readonly LedgerEntry[]>;
  /** How many hooks are owed. */
  hooksOwedCount(): Promise<number>;
  /** What was done with a recording besides fetching it, oldest first. */
  auditsOf(key: RecordingKey): Promise<readonly AuditRecord[]>;
  /** Newest first; of one action where it is given. */
  lastAudits(count: number, action?: AuditRecord["action"]): Promise<readonly AuditRecord[]>;
  /** Every record, oldest first, of a run by its start; `from` and `to` (exclusive) in ISO 8601 and UTC. */
  records(window?: { readonly from?: string; readonly to?: string }): AsyncIterable<readonly ArchiveRecord[]>;
  /** Finds the first run record that was edited, removed or cut off. */
  verifyRunChain(): Promise<ChainReport>;
  verifyAuditChain(): Promise<ChainReport>;
  /** What became of recordings, where that is not as the records closed it or not as the entries say now. */
  brokenOutcomes(): AsyncIterable<RecordBreak>;
  /** The hash that stands for every record and every outcome closed so far, in lower-case hex; empty before there is any. */
  head(): Promise<string>;
  /** Where a head noted earlier stands; undefined when the archive does not go back to it. */
  findHead(head: string): Promise<FoundHead | undefined>;
  /** Reads the whole file; throws `ledger` when it is damaged anywhere. */
  checkFile(): Promise<void>;
}

/** A held recording's file, and the call's length, as far as the ledger knows. */
export interface HeldFile {
  readonly path: string;
  readonly bytes: number;
  readonly audioSeconds?: number;
  /** Seconds that the call lasted. */
  readonly duration?: number;
}

export interface PurgedFile {
  readonly key: RecordingKey;
  /** Where its audio stood; absent when it never became whole. */
  readonly path?: string;
  /** Where the transcripts that were known stood. */
  readonly transcripts?: readonly string[];
  /** Legal holds that were placed since, and keep what is left of it. */
  readonly holds?: readonly Hold[];
}

export type EntryState = "pending" | "claimed" | "done" | "failed" | "gone" | "no-recording" | "forbidden" | "purged";

export interface EntryFilter {
  readonly states?: readonly EntryState[];
  readonly source?: SourceName;
  /** Calls that began in this window, in whichever way their starts are written; an unknown start is in none. */
  readonly window?: Pick<Selection, "fromMs" | "toMs" | "fromLocal" | "toLocal">;
  /** Only calls whose start is unknown. */
  readonly isUndated?: boolean;
  /** Call starts as the text they are; the end is exclusive. */
  readonly from?: string;
  readonly to?: string;
  /** The end of either party's number, however it is written, or the whole extension (core/archive-fit.ts). */
  readonly number?: string;
  /** The number with all its digits, and not its end alone. */
  readonly wholeNumber?: boolean;
  readonly direction?: Direction;
  readonly extension?: string;
  readonly id?: string;
  /** Words of the names of the call's people; neither case nor accents count here and in `text`. */
  readonly name?: string;
  /** Appears in a number, the extension, a name, the id, or what was said. */
  readonly text?: string;
  /** Newest call first; oldest first otherwise. */
  readonly newestFirst?: boolean;
}

export interface LedgerEntry {
  readonly ref: RecordingRef;
  readonly state: EntryState;
  readonly stored?: Stored;
  readonly attempts: number;
  readonly lastError?: { readonly code: string; readonly message: string };
  /** Of what is said to be gone, absent or forbidden. */
  readonly evidence?: Evidence;
  /** What `verify` last found wrong with the file. */
  readonly damage?: string;
  /** What stands beside the audio of what was said in it. */
  readonly transcripts?: readonly Transcript[];
  readonly firstSeenMs: number;
  readonly changedMs: number;
  readonly runId: string;
}
