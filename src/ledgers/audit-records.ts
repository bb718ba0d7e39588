import type { AuditLine, AuditRecord } from "../core/model/catalogue.ts";
import type { RecordingKey } from "../core/model/recording.ts";
import type { Operator } from "../platform/operator.ts";

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

/** What a record says of something that was done. */
export function auditRow(
  { action, key, detail, reason, by }: AuditLine,
  operator: Operator | undefined,
  nowMs: number,
) {
  const who = { operator: by ?? operator?.name ?? null, host: operator?.host ?? null };
  const what = { action, key: key ?? null, detail: detail ?? null, reason: reason ?? null };
  return { at: new Date(nowMs).toISOString(), ...what, ...who };
}
