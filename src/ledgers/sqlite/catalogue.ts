import { holdsOver } from "../../core/holds.ts";
import type { AuditLine, AuditRecord, Failure, Holding, Shorts, Waiting } from "../../core/model/catalogue.ts";
import type { PurgedFile } from "../../core/model/ledger.ts";
import type { RecordingKey, SourceName } from "../../core/model/recording.ts";
import type { Operator } from "../../platform/operator.ts";
import { type AuditRow, auditOf, auditRow } from "../audit-records.ts";
import {
  type FailureRow,
  failureOf,
  type PurgingRow,
  purgedFile,
  purgeSql,
  purgingFilesSql,
  type ShortsRow,
} from "../catalogue-rows.ts";
import { type RecordingRow, refOf } from "../recording-row.ts";
import { appendChained } from "./chain.ts";
import type { Database } from "./database.ts";
import type { Holds } from "./holds.ts";
import type { KeyValue } from "./key-value.ts";
import type { Outcomes } from "./outcomes.ts";
import { forgetSpoken } from "./spoken.ts";

/** What `status`, `purge` and the player ask and record. */
export interface Catalogue {
  summary(): readonly Holding[];
  failures(): readonly Failure[];
  shorts(): Shorts;
  waiting(source: SourceName, startedBefore: string): Waiting;
  purge(keys: readonly RecordingKey[], reason: string | undefined, now: number): number;
  purging(): readonly PurgedFile[];
  purgeEnded(keys: readonly RecordingKey[]): void;
  audit(line: AuditLine, now: number): void;
  noteDamage(found: ReadonlyMap<RecordingKey, string | undefined>): void;
  noteEtags(found: ReadonlyMap<RecordingKey, string>): void;
  auditsOf(key: RecordingKey): readonly AuditRecord[];
  lastAudits(count: number, action?: AuditLine["action"]): readonly AuditRecord[];
}

/** Appends a line to the audit log; inside a transaction. */
export type Audit = (line: AuditLine, now: number) => void;

export function openAudit({ sqlite }: Database, outcomes: Outcomes, operator: Operator | undefined): Audit {
  return (line, now) => {
    appendChained(sqlite, "audits", auditRow(line, operator, now), outcomes.seal());
  };
}

export function openCatalogue(
  database: Database,
  kept: KeyValue,
  outcomes: Outcomes,
  holds: Holds,
  audit: Audit,
): Catalogue {
  const { sqlite } = database;
  const auditsOfKey = sqlite.prepare("SELECT * FROM audits WHERE key = ? ORDER BY seq");
  return {
    summary: () =>
      sqlite
        .prepare(summarySql)
        .all()
        .map((row) => ({ ...(row as Holding) })),
    failures: () =>
      sqlite
        .prepare(failuresSql)
        .all()
        .map((row) => failureOf(row as FailureRow)),
    shorts: () => {
      const { entries, open, example } = sqlite.prepare(shortsSql).get() as ShortsRow;
      return { entries, open: open ?? 0, ...(example !== null && { example }) };
    },
    waiting: (source, startedBefore) => {
      const row = sqlite.prepare(waitingSql).get(source, startedBefore) as { entries: number; oldest: string | null };
      return { entries: row.entries, ...(row.oldest !== null && { oldest: row.oldest }) };
    },
    purge: (asked, reason, now) =>
      database.write(() => {
        holds.mustBeKnown();
        const note = sqlite.prepare("INSERT OR IGNORE INTO purging VALUES (?, ?, ?, ?)");
        const find = sqlite.prepare("SELECT * FROM recordings WHERE key = ? AND state <> 'purged'");
        const bury = sqlite.prepare(purgeSql);
        const inForce = holds.list();
        const rows = asked.flatMap((key) => (find.get(key) as RecordingRow | undefined) ?? []);
        const free = rows.filter((row) => holdsOver(inForce, refOf(row)).length === 0);
        for (const row of free) note.run(row.key, row.path, JSON.stringify(refOf(row).call), row.transcripts);
        const keys = free.map(({ key }) => key);
        const forgetHook = sqlite.prepare("DELETE FROM hooks WHERE key = ?");
        const forgetWords = sqlite.prepare(forgetSpoken);
        const buried = keys.filter((key) => Number(bury.run(now, key).changes) > 0);
        for (const key of buried) {
          forgetHook.run(key);
          forgetWords.run(key);
        }
        for (const key of buried) outcomes.add({ key, state: "purged" }, now);
        for (const key of buried)
          audit({ action: "purge", key, detail: reason ?? "callreel purge", ...(reason && { reason }) }, now);
        if (buried.length > 0) kept.set(tracesLeft, "yes");
        return buried.length;
      }),
    purging: () => {
      const rows = sqlite.prepare(purgingFilesSql).all() as PurgingRow[];
      const inForce = holds.list();
      return rows.map((row) => purgedFile(row, inForce));
    },
    purgeEnded: (keys) => {
      database.write(() => {
        const end = sqlite.prepare("DELETE FROM purging WHERE key = ?");
        for (const key of keys) end.run(key);
        if (keys.length > 0) kept.set(tracesLeft, "yes");
      });
      eraseTraces(database, kept);
    },
    noteDamage: (found) =>
      database.write(() => {
        const note = sqlite.prepare("UPDATE recordings SET damage = ? WHERE key = ? AND state = 'done'");
        for (const [key, message] of found) note.run(message ?? null, key);
      }),
    noteEtags: (found) =>
      database.write(() => {
        const note = sqlite.prepare("UPDATE recordings SET etag = ? WHERE key = ? AND state = 'done'");
        for (const [key, etag] of found) note.run(etag, key);
      }),
    audit: (line, now) => database.write(() => audit(line, now)),
    auditsOf: (key) => (auditsOfKey.all(key) as unknown as AuditRow[]).map(auditOf),
    lastAudits: (count, action) => {
      const newest = "SELECT * FROM audits WHERE action = coalesce(?, action) ORDER BY seq DESC LIMIT ?";
      const rows = sqlite.prepare(newest).all(action ?? null, count);
      return (rows as AuditRow[]).map(auditOf);
    },
  };
}

const tracesLeft = "traces of purged recordings";

/** Makes the file anew: its free space and its log still hold what was purged. Left undone, it is done by the next purge. */
function eraseTraces(database: Database, kept: KeyValue): void {
  if (kept.get(tracesLeft) === undefined) return;
  database.sqlite.exec("VACUUM");
  const { busy } = database.sqlite.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
  // Whoever reads meanwhile keeps the log as it is.
  if (busy === 0) database.write(() => kept.remove(tracesLeft));
}

const summarySql = `
  SELECT source, month, state, entries, bytes, ms / 1000.0 AS seconds FROM holdings
  WHERE entries > 0 ORDER BY source, month, state`;

const shortsSql =
  "SELECT count(*) AS entries, sum(short = 1) AS open, min(key) AS example FROM recordings WHERE short IS NOT NULL AND state = 'done'";

// Beside max(), SQLite takes the other columns from the row that has the maximum: the newest failure is the example.
const failuresSql = `
  SELECT source, state, code, entries, message, example, evidence FROM (
    SELECT source, state, error_code AS code, count(*) AS entries, error_message AS message, key AS example,
      CASE WHEN state = error_code THEN evidence END AS evidence, max(changed)
    FROM recordings WHERE state <> 'done' AND state <> 'purged' AND error_code IS NOT NULL
    GROUP BY source, state, error_code, CASE WHEN state = error_code THEN json_extract(evidence, '$.proven') END)
  ORDER BY entries DESC, source, state, code`;

const waitingSql = `
  SELECT count(*) AS entries, min(start) AS oldest FROM recordings
  WHERE state <> 'done' AND state IN ('pending', 'failed') AND source = ? AND start <> '' AND start < ?`;
