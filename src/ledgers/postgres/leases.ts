import { hostname } from "node:os";
import { RecordingError } from "../../core/model/errors.ts";
import type { RunStart } from "../../core/model/ledger.ts";
import type { Author, LeaseRow } from "../run-records.ts";
import type { Tables } from "./store.ts";

/** No lease lasts longer, so that a machine that is gone keeps nothing from the others for more than a minute. */
export const longestLeaseMs = 60_000;

/** The runs that live, by the database's clock. */
export async function livingRuns(tables: Tables): Promise<ReadonlySet<string>> {
  const rows = await tables.rows<{ run_id: string }>("SELECT run_id FROM leases WHERE until > $1", [tables.now]);
  return new Set(rows.map(({ run_id }) => run_id));
}

/** Runs whose lease has run out; they are locked until the transaction ends, and those that another closes are left out. */
export function deadRuns(tables: Tables): Promise<LeaseRow[]> {
  return tables.rows<LeaseRow>(
    "SELECT * FROM leases WHERE until <= $1 ORDER BY started, run_id FOR UPDATE SKIP LOCKED",
    [tables.now],
  );
}

export async function takeLease(
  tables: Tables,
  { runId, startedMs, selection }: RunStart,
  { version, operator, pid }: Author & { readonly pid: number },
  leaseMs: number,
): Promise<void> {
  await tables.change(
    `INSERT INTO leases (run_id, pid, host, operator, version, started, selection, until)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      runId,
      pid,
      hostname(),
      operator?.name ?? null,
      version,
      startedMs,
      JSON.stringify(selection),
      tables.now + leaseMs,
    ],
  );
}

/** Renews a run's lease and adds to what it came to; false when others have closed the run since its lease ran out. */
export async function renewLease(
  tables: Tables,
  runId: string,
  leaseMs: number,
  { done, failed, bytes }: Pick<LeaseRow, "done" | "failed" | "bytes"> = { done: 0, failed: 0, bytes: 0 },
): Promise<boolean> {
  const changed = await tables.change(
    "UPDATE leases SET until = $2, done = done + $3, failed = failed + $4, bytes = bytes + $5 WHERE run_id = $1",
    [runId, tables.now + leaseMs, done, failed, bytes],
  );
  return changed > 0;
}

export async function dropLease(tables: Tables, runId: string): Promise<boolean> {
  return (await tables.change("DELETE FROM leases WHERE run_id = $1", [runId])) > 0;
}

/** What ends a run that slept past its lease. */
export function leaseLost(): RecordingError {
  const message =
    "This run made no progress for longer than its lease, and another run has closed it and taken over what was left. Run it again.";
  return new RecordingError("timeout", message);
}
