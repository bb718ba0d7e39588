import type { RunRecord, RunTotals } from "../../core/model/catalogue.ts";
import type { RunStart } from "../../core/model/ledger.ts";
import { type Author, type EndedRun, finishedRow, interruptedRow, type RunRow, recordOf } from "../run-records.ts";
import { appendChained } from "./chain.ts";
import { deadRuns, dropLease, takeLease } from "./leases.ts";
import type { Tables } from "./store.ts";

/** Closes the records of runs whose lease ran out, forgets what was only named to them, and begins this one. */
export async function beginRun(
  tables: Tables,
  run: RunStart,
  author: Author & { readonly pid: number },
  leaseMs: number,
): Promise<void> {
  const dead = await deadRuns(tables);
  for (const lease of dead) await dropLease(tables, lease.run_id);
  await tables.change(
    "DELETE FROM recordings WHERE named = 1 AND (lease_owner IS NULL OR lease_owner NOT IN (SELECT run_id FROM leases))",
  );
  await takeLease(tables, run, author, leaseMs);
  for (const lease of dead) await appendChained(tables, "runs", interruptedRow(lease, tables.now));
}

/** Ends a run; one that others have closed meanwhile has its record already. */
export async function finishRun(tables: Tables, ended: EndedRun, author: Author): Promise<void> {
  if (!(await dropLease(tables, ended.run.runId))) return;
  await appendChained(tables, "runs", finishedRow(ended, author, tables.now));
  await foldHoldings(tables);
}

/** So many are added up in no time. */
const manyHoldings = 5_000;

/** Folds the small sums that a long run leaves, once they are many; another one that is at it is not waited for. */
export async function foldManyHoldings(tables: Tables): Promise<void> {
  const [more] = await tables.rows(`SELECT 1 FROM holdings OFFSET ${manyHoldings} LIMIT 1`);
  if (more === undefined) return;
  const [mine] = await tables.rows("SELECT 1 FROM chains WHERE name = 'head' FOR UPDATE SKIP LOCKED");
  if (mine !== undefined) await foldHoldings(tables);
}

/** Many small sums become one for each source, month and state; whoever comes second finds nothing left to fold. */
async function foldHoldings(tables: Tables): Promise<void> {
  await tables.change(
    `WITH old AS (DELETE FROM holdings RETURNING *)
     INSERT INTO holdings SELECT source, month, state, sum(entries), sum(bytes), sum(ms) FROM old
     GROUP BY source, month, state`,
  );
}

export async function lastRuns(tables: Tables, count: number): Promise<readonly RunRecord[]> {
  return (await tables.rows<RunRow>("SELECT * FROM runs ORDER BY seq DESC LIMIT $1", [count])).map(recordOf);
}

export async function runTotals(tables: Tables, beforeMs: number | undefined): Promise<RunTotals> {
  // After every date, as text.
  const before = [beforeMs === undefined ? "~" : new Date(beforeMs).toISOString()];
  const [sum] = await tables.rows<{ bytes: number }>("SELECT coalesce(sum(bytes), 0)::bigint AS bytes FROM runs");
  const [success] = await tables.rows<RunRow>(`${downloadsSql} AND exit_code = 0 ORDER BY seq DESC LIMIT 1`, before);
  const [last] = await tables.rows<RunRow>(`${downloadsSql} ORDER BY seq DESC LIMIT 1`, before);
  return {
    bytes: sum!.bytes,
    ...(success !== undefined && { lastSuccess: success.finished }),
    ...(last !== undefined && { lastDownload: recordOf(last) }),
  };
}

const downloadsSql =
  "SELECT * FROM runs WHERE (selection::jsonb ->> 'command') IS DISTINCT FROM 'serve' AND (selection::jsonb -> 'enqueueOnly') IS NULL AND started < $1";
