import type { ArchiveRecord, AuditLine, AuditRecord } from "../core/model/catalogue.ts";
import type { RecordingKey } from "../core/model/recording.ts";
import type { Database } from "./database.ts";
import { type RunRow, recordOf } from "./runs.ts";

const pageSize = 500;

/** A line of `audits`, as it stands there. */
export interface AuditRow {
  readonly seq: number;
  readonly at: string;
  readonly action: AuditLine["action"];
  readonly key: RecordingKey | null;
  readonly detail: string | null;
  readonly reason: string | null;
  readonly operator: string | null;
  readonly host: string | null;
  readonly hash: string;
}

/** An audit line as the archive proves it. */
export function auditOf({ seq, at, action, key, detail, reason, operator, host, hash }: AuditRow): AuditRecord {
  return {
    seq,
    at,
    action,
    ...(key !== null && { key }),
    ...(detail !== null && { detail }),
    ...(reason !== null && { reason }),
    ...(operator !== null && { by: operator }),
    ...(host !== null && { host }),
    hash,
  };
}

/** From when to when records are wanted; ISO 8601 in UTC as they are written, the end exclusive. */
export interface RecordWindow {
  readonly from?: string;
  readonly to?: string;
}

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
