import type { Listed, RunRecord } from "../core/model/catalogue.ts";
import type { Summary } from "../core/model/events.ts";
import type { RunStart } from "../core/model/ledger.ts";
import type { Operator } from "../platform/operator.ts";

/** A run that has begun and not finished, as the table `leases` keeps it. */
export interface LeaseRow {
  readonly run_id: string;
  readonly pid: number;
  readonly host: string;
  readonly operator: string | null;
  readonly version: string;
  readonly started: number;
  readonly selection: string;
  /** Moves with each renewal; when it moved last is for the one who looks to notice. */
  readonly until: number;
  readonly done: number;
  readonly failed: number;
  readonly bytes: number;
}

/** A line of `runs`, as it stands there. */
export interface RunRow {
  readonly seq: number;
  readonly run_id: string;
  readonly version: string;
  readonly started: string;
  readonly finished: string;
  readonly result: string;
  readonly exit_code: number | null;
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
  readonly rejected: number;
  readonly bytes: number;
  readonly ms: number;
  readonly reasons: string;
  readonly stopped_code: string | null;
  readonly stopped_message: string | null;
  readonly selection: string;
  readonly listed: string | null;
  readonly operator: string | null;
  readonly host: string | null;
  readonly hash: string;
}

/** Whose hand the records are from. */
export interface Author {
  readonly version: string;
  readonly operator: Operator | undefined;
}

/** What a record says of a run that ended without a word. */
export function interruptedRow(lease: LeaseRow, nowMs: number) {
  return {
    ...identity(lease.run_id, lease.version, lease.started, nowMs),
    result: "interrupted",
    exit_code: null,
    ...counts({ done: lease.done, failed: lease.failed, skipped: 0, rejected: 0, bytes: lease.bytes }),
    ms: 0,
    reasons: "{}",
    stopped_code: null,
    stopped_message: null,
    selection: lease.selection,
    operator: lease.operator,
    host: lease.host,
  };
}

/** A run with what it came to. */
export interface EndedRun {
  readonly run: RunStart;
  readonly summary: Summary;
  readonly exitCode: number;
  readonly listed: readonly Listed[];
}

/** What a record says of a run that ended. */
export function finishedRow(
  { run, summary, exitCode, listed }: EndedRun,
  { version, operator }: Author,
  nowMs: number,
) {
  return {
    ...identity(run.runId, version, run.startedMs, nowMs),
    result: "finished",
    exit_code: exitCode,
    ...counts(summary),
    ms: Math.round(summary.ms),
    reasons: JSON.stringify(summary.reasons),
    stopped_code: summary.stoppedBy?.code ?? null,
    stopped_message: summary.stoppedBy?.message ?? null,
    selection: JSON.stringify(run.selection),
    listed: listed.length === 0 ? null : JSON.stringify(listed),
    operator: operator?.name ?? null,
    host: operator?.host ?? null,
  };
}

function identity(runId: string, version: string, startedMs: number, finishedMs: number) {
  return { run_id: runId, version, started: iso(startedMs), finished: iso(finishedMs) };
}

function counts({ done, skipped, failed, rejected, bytes }: Omit<Summary, "ms" | "reasons" | "stoppedBy">) {
  return { done, skipped, failed, rejected, bytes };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** A run as the archive proves it. */
export function recordOf(row: RunRow): RunRecord {
  const { seq, version, started, finished, ms, hash } = row;
  return {
    seq,
    runId: row.run_id,
    version,
    started,
    finished,
    result: row.result as RunRecord["result"],
    ...(row.exit_code !== null && { exitCode: row.exit_code }),
    ...(row.stopped_code !== null && {
      stoppedBy: { code: row.stopped_code, message: row.stopped_message ?? "" },
    }),
    ...counts(row),
    ms,
    reasons: JSON.parse(row.reasons) as RunRecord["reasons"],
    selection: JSON.parse(row.selection) as RunRecord["selection"],
    ...(row.listed !== null && { listed: JSON.parse(row.listed) as readonly Listed[] }),
    ...(row.operator !== null && { by: row.operator }),
    ...(row.host !== null && { host: row.host }),
    hash,
  };
}
