import type { Listed, RunRecord, RunTotals } from "../core/model/catalogue.ts";
import type { Summary } from "../core/model/events.ts";
import type { RunStart } from "../core/model/ledger.ts";
import type { Clock } from "../core/model/ports.ts";
import type { Operator } from "../platform/operator.ts";
import { appendChained } from "./chain.ts";
import type { Database } from "./database.ts";
import type { LeaseRow, Leases } from "./leases.ts";
import type { Outcomes } from "./outcomes.ts";

/** The proof of what was run: one chained record a run, written when it ends. */
export interface Runs {
  /** Closes the records of runs that were killed, forgets what was only named to them, and begins this one. */
  begin(run: RunStart): void;
  finish(run: RunStart, summary: Summary, exitCode: number, listed?: readonly Listed[]): void;
  last(count: number): readonly RunRecord[];
  totals(beforeMs: number | undefined): RunTotals;
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

export function openRuns(
  database: Database,
  { leases, outcomes }: { readonly leases: Leases; readonly outcomes: Outcomes },
  clock: Clock,
  { version, operator }: Author,
): Runs {
  const { sqlite } = database;
  const append = (record: Parameters<typeof appendChained>[2]) =>
    appendChained(sqlite, "runs", record, outcomes.seal());
  const closeInterrupted = (lease: LeaseRow) => {
    append(interruptedRow(lease, clock.now()));
    leases.drop(lease.run_id);
  };
  /** What was only named goes with the run that was asked for it. */
  const forgetNamed = sqlite.prepare(`
    DELETE FROM recordings WHERE named = 1
      AND (lease_owner IS NULL OR lease_owner NOT IN (SELECT run_id FROM leases))`);
  return {
    begin: (run) =>
      database.write(() => {
        for (const lease of leases.dead()) closeInterrupted(lease);
        forgetNamed.run();
        leases.take(run, version, operator?.name);
      }),
    finish: (run, summary, exitCode, listed = []) =>
      database.write(() => {
        append(finishedRow({ run, summary, exitCode, listed }, { version, operator }, clock.now()));
        leases.drop(run.runId);
      }),
    last: (count) => {
      const rows = sqlite.prepare("SELECT * FROM runs ORDER BY seq DESC LIMIT ?").all(count) as RunRow[];
      return rows.map(recordOf);
    },
    totals: (beforeMs) => {
      // After every date, as text.
      const before = beforeMs === undefined ? "~" : iso(beforeMs);
      const { bytes } = sqlite.prepare("SELECT coalesce(sum(bytes), 0) AS bytes FROM runs").get() as { bytes: number };
      const success = sqlite.prepare(`${downloadsSql} AND exit_code = 0 ORDER BY seq DESC LIMIT 1`).get(before);
      const last = sqlite.prepare(`${downloadsSql} ORDER BY seq DESC LIMIT 1`).get(before);
      return {
        bytes,
        ...(success !== undefined && { lastSuccess: (success as RunRow).finished }),
        ...(last !== undefined && { lastDownload: recordOf(last as RunRow) }),
      };
    },
  };
}

const downloadsSql =
  "SELECT * FROM runs WHERE json_extract(selection, '$.command') IS NOT 'serve' AND json_extract(selection, '$.enqueueOnly') IS NULL AND started < ?";

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

function iso(ms: number): string {
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
