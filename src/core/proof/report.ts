import type { LedgerEntry } from "../model/ledger.ts";
import type { Call, SourceName } from "../model/recording.ts";
import { isVoicemail } from "../voicemail.ts";
import { type Finding, isDifference, type Reconciled } from "./reconcile.ts";

/** One recording of a report: held, or how it differs from what is listed. Plain data without secrets. */
export interface ReportLine {
  /** `undated`: nobody knows when the call was, so it may be of the period. */
  readonly kind: "held" | "undated" | Finding;
  readonly key?: string;
  readonly source?: SourceName;
  readonly id?: string;
  readonly start?: string;
  readonly duration?: number;
  readonly direction?: string;
  readonly from?: string;
  readonly to?: string;
  readonly extension?: string;
  readonly name?: string;
  readonly account?: string;
  readonly path?: string;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly audioSeconds?: number;
  readonly note?: string;
  /** Why it differs; of what is held, nothing. */
  readonly reason?: string;
  /** Whether something is missing or doubtful; false where the absence is proven or was wanted. */
  readonly open: boolean;
  /** Who said that it cannot be had, how often, first and last; times in ISO 8601 and UTC. */
  readonly evidence?: {
    readonly by: string;
    readonly times: number;
    readonly first: string;
    readonly last: string;
    readonly proven: boolean;
  };
  readonly attempts?: number;
}

/** The line of a recording that is as it should be (`found` undefined) or not, with all that the archive knows of it. */
export function reportLine(found: Reconciled | undefined, entry: LedgerEntry | undefined): ReportLine {
  const { evidence } = found ?? {};
  const ref = found?.ref ?? entry?.ref;
  return {
    kind: found?.kind ?? "held",
    ...(ref && { key: ref.key, source: ref.source, id: ref.id }),
    ...callFields({ ...entry?.ref.call, ...(ref?.call ?? found?.call) }),
    ...storedFields(entry),
    // The evidence is told by itself.
    ...(found && { reason: (evidence && entry?.lastError?.message) ?? found.message }),
    open: found !== undefined && isDifference(found),
    ...(evidence && {
      evidence: {
        by: evidence.by,
        times: evidence.times,
        first: new Date(evidence.firstMs).toISOString(),
        last: new Date(evidence.lastMs).toISOString(),
        proven: evidence.proven,
      },
    }),
    ...(entry && entry.attempts > 0 && { attempts: entry.attempts }),
  };
}

/** The line of a recording whose call may have been at any time. */
export function undatedLine(entry: LedgerEntry): ReportLine {
  const held = entry.stored === undefined ? `not held (${entry.state})` : "held";
  const reason = `the time of the call is unknown, so nobody can tell whether it is of this period; ${held}`;
  return { ...reportLine(undefined, entry), kind: "undated", reason, open: true };
}

function callFields({ start, duration, direction, from, to, extension, name, account }: Call): Partial<ReportLine> {
  const fields = { start, duration, direction, from, to, extension, name, account };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function storedFields(entry: LedgerEntry | undefined): Partial<ReportLine> {
  if (entry?.stored === undefined) return {};
  const { path, bytes, sha256, audioSeconds, note } = entry.stored;
  return {
    path,
    bytes,
    sha256,
    ...(audioSeconds !== undefined && { audioSeconds }),
    ...(note !== undefined && { note }),
  };
}

/** How many recordings are what. `calls` are those listed in the period; `held` counts those that are too short as well. */
export interface ReportCounts {
  readonly calls: number;
  /** How many of those are voicemail; absent where none is. */
  readonly voicemail?: number;
  readonly held: number;
  readonly missing: number;
  readonly gone: number;
  readonly short: number;
  readonly damaged: number;
  /** Of `gone`: how many are not proven to be. */
  readonly goneUnproven: number;
  readonly forbidden: number;
  readonly notReady: number;
  readonly purged: number;
  /** Held, though the source does not list it; no part of `calls`. */
  readonly extra: number;
  /** Past what the source keeps, and never asked for. */
  readonly unprovable: number;
  /** Calls so short that the source kept no audio; no part of `calls`. */
  readonly shortRecording: number;
  /** No part of `calls` either. */
  readonly undated: number;
  /** Lines that are missing or doubtful. */
  readonly open: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface ReportTally {
  add(line: ReportLine): void;
  counts(): ReportCounts;
}

const names: Readonly<Partial<Record<ReportLine["kind"], keyof ReportCounts>>> = {
  "not-ready": "notReady",
  "short-recording": "shortRecording",
};
const notListed: ReadonlySet<ReportLine["kind"]> = new Set(["extra", "short-recording", "undated"]);

export function openReportTally(): ReportTally {
  const none = {
    goneUnproven: 0,
    forbidden: 0,
    notReady: 0,
    purged: 0,
    extra: 0,
    unprovable: 0,
    shortRecording: 0,
    undated: 0,
  };
  const counts = {
    calls: 0,
    held: 0,
    missing: 0,
    gone: 0,
    short: 0,
    damaged: 0,
    ...none,
    open: 0,
    bytes: 0,
    seconds: 0,
  };
  let voicemail = 0;
  return {
    add({ kind, key, open, bytes = 0, audioSeconds = 0 }) {
      counts[(names[kind] ?? kind) as keyof typeof counts] += 1;
      if (!notListed.has(kind)) {
        counts.calls += 1;
        if (key !== undefined && isVoicemail(key)) voicemail += 1;
      }
      if (open) counts.open += 1;
      if (kind === "gone" && open) counts.goneUnproven += 1;
      if (kind === "short") counts.held += 1;
      if (kind !== "held" && kind !== "short") return;
      counts.bytes += bytes;
      counts.seconds += audioSeconds;
    },
    counts: () => ({ ...counts, ...(voicemail > 0 && { voicemail }) }),
  };
}
