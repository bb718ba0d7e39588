import type { ArchiveRecord } from "../../core/model/catalogue.ts";
import { type AuditRow, auditOf, type RecordWindow } from "../audit-records.ts";
import { type RunRow, recordOf } from "../run-records.ts";
import type { Database } from "./database.ts";

const pageSize = 500;

/** Every record, oldest first: runs by their start, and what was done besides. Read page by page. */
export function* recordsOf(database: Database, window: RecordWindow): Generator<readonly ArchiveRecord[]> {
  const runs = pagesOf<RunRow>(database, "runs", "started", window);
  const audits = pagesOf<AuditRow>(database, "audits", "at", window);
  let [run, audit] = [runs.next(), audits.next()];
  let page: ArchiveRecord[] = [];
  while (run.done === false || audit.done === false) {
    if (run.done === false && (audit.done !== false || run.value.started <= audit.value.at)) {
      page.push({ kind: "run", ...recordOf(run.value) });
      run = runs.next();
    } else if (audit.done === false) {
      page.push({ kind: "audit", ...auditOf(audit.value) });
      audit = audits.next();
    }
    if (page.length < pageSize) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

function* pagesOf<Row extends { readonly seq: number }>(
  database: Database,
  table: "runs" | "audits",
  time: "started" | "at",
  { from = "", to = "~" }: RecordWindow,
): Generator<Row> {
  const page = database.sqlite.prepare(
    `SELECT * FROM ${table} WHERE (${time}, seq) > (?, ?) AND ${time} < ? ORDER BY ${time}, seq LIMIT ${pageSize}`,
  );
  for (let [after, seq] = [from, -1]; ; ) {
    const rows = database.read(() => page.all(after, seq, to)) as unknown as (Row & Record<typeof time, string>)[];
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    [after, seq] = [last[time], last.seq];
  }
}
