import type { Listed, RunRecord, RunTotals } from "../../core/model/catalogue.ts";
import type { Summary } from "../../core/model/events.ts";
import type { RunStart } from "../../core/model/ledger.ts";
import type { Clock } from "../../core/model/ports.ts";
import { type Author, finishedRow, interruptedRow, iso, type LeaseRow, type RunRow, recordOf } from "../run-records.ts";
import { appendChained } from "./chain.ts";
import type { Database } from "./database.ts";
import type { Leases } from "./leases.ts";
import type { Outcomes } from "./outcomes.ts";

/** The proof of what was run: one chained record a run, written when it ends. */
export interface Runs {
  /** Closes the records of runs that were killed, forgets what was only named to them, and begins this one. */
  begin(run: RunStart): void;
  finish(run: RunStart, summary: Summary, exitCode: number, listed?: readonly Listed[]): void;
  last(count: number): readonly RunRecord[];
  totals(beforeMs: number | undefined): RunTotals;
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
