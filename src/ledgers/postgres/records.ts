import type { ArchiveRecord } from "../../core/model/catalogue.ts";
import { type AuditRow, auditOf, type RecordWindow } from "../audit-records.ts";
import { type RunRow, recordOf } from "../run-records.ts";
import type { Store } from "./store.ts";

const pageSize = 500;

/** Every record, oldest first: runs by their start, and what was done besides. Read page by page. */
export async function* recordsOf(store: Store, window: RecordWindow): AsyncGenerator<readonly ArchiveRecord[]> {
  const runs = linesOf<RunRow>(store, "runs", "started", window);
  const audits = linesOf<AuditRow>(store, "audits", "at", window);
  let [run, audit] = [await runs.next(), await audits.next()];
  let page: ArchiveRecord[] = [];
  while (run.done === false || audit.done === false) {
    if (run.done === false && (audit.done !== false || run.value.started <= audit.value.at)) {
      page.push({ kind: "run", ...recordOf(run.value) });
      run = await runs.next();
    } else if (audit.done === false) {
      page.push({ kind: "audit", ...auditOf(audit.value) });
      audit = await audits.next();
    }
    if (page.length < pageSize) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

async function* linesOf<Row extends { readonly seq: number }>(
  store: Store,
  table: "runs" | "audits",
  time: "started" | "at",
  { from = "", to = "~" }: RecordWindow,
): AsyncGenerator<Row> {
  for (let [after, seq] = [from, -1]; ; ) {
    const rows = await store.read((tables) =>
      tables.rows<Row & Record<typeof time, string>>(
        `SELECT * FROM ${table} WHERE (${time}, seq) > ($1, $2::bigint) AND ${time} < $3
         ORDER BY ${time}, seq LIMIT ${pageSize}`,
        [after, seq, to],
      ),
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    [after, seq] = [last[time], last.seq];
  }
}
