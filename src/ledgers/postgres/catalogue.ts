import type { AuditRecord, Failure, Holding, Shorts, Waiting } from "../../core/model/catalogue.ts";
import type { RecordingKey, SourceName } from "../../core/model/recording.ts";
import type { Spoken, Transcript } from "../../core/transcripts/spoken.ts";
import { type AuditRow, auditOf } from "../audit-records.ts";
import { type FailureRow, failureOf, type ShortsRow } from "../catalogue-rows.ts";
import { type SpokenRow, spokenOfRow, spokenValues } from "../spoken-rows.ts";
import type { Tables } from "./store.ts";

export function summary(tables: Tables): Promise<Holding[]> {
  return tables.rows<Holding>(
    `SELECT source, month, state, sum(entries)::bigint AS entries, sum(bytes)::bigint AS bytes,
       (sum(ms) / 1000.0)::float8 AS seconds FROM holdings GROUP BY source, month, state HAVING sum(entries) > 0
     ORDER BY source, month, state`,
  );
}

const notHeld = "state <> 'done' AND state <> 'purged' AND error_code IS NOT NULL";

/** Its text is looked into: to take apart a hundred thousand of them would last longer than anybody waits. Within strings JSON escapes quotes. */
const isProven = `evidence LIKE '%"proven":true%'`;

/** What failed is counted by its index alone, however much it is; what sources said of absences is looked at row by row. */
export async function failures(tables: Tables): Promise<Failure[]> {
  const rows = await tables.rows<FailureRow>(
    `WITH counted AS (
       SELECT source, state, error_code, count(*) AS entries FROM recordings WHERE ${notHeld} AND state <> error_code
       GROUP BY source, state, error_code)
     SELECT counted.source, counted.state, counted.error_code AS code, entries, message, example, NULL AS evidence
       FROM counted CROSS JOIN LATERAL (
         SELECT error_message AS message, key AS example FROM recordings AS r
         WHERE ${notHeld} AND r.source = counted.source AND r.state = counted.state AND r.error_code = counted.error_code
         ORDER BY changed DESC, seq DESC LIMIT 1) AS newest
     UNION ALL SELECT r.source, r.state, error_code, entries, error_message, key, evidence FROM (
       SELECT count(*) AS entries, max(ARRAY[changed, seq]) AS newest FROM recordings
       WHERE ${notHeld} AND state = error_code GROUP BY source, state, ${isProven}) AS said
     JOIN recordings AS r ON r.seq = newest[2]`,
  );
  const byName = ({ source, state, code }: FailureRow) => `${source} ${state} ${code}`;
  return rows
    .sort((one, other) => other.entries - one.entries || (byName(one) < byName(other) ? -1 : 1))
    .map(failureOf);
}

export async function shorts(tables: Tables): Promise<Shorts> {
  const [row] = await tables.rows<ShortsRow>(
    `SELECT count(*) AS entries, count(*) FILTER (WHERE short = 1) AS open, min(key) AS example FROM recordings
     WHERE short IS NOT NULL AND state = 'done'`,
  );
  const { entries, open, example } = row!;
  return { entries, open: open ?? 0, ...(example !== null && { example }) };
}

/** Whole months are summed up already: what is left to count lies in the last one. */
export async function waiting(tables: Tables, source: SourceName, startedBefore: string): Promise<Waiting> {
  const wanted = "source = $1 AND state IN ('pending', 'failed')";
  // Before it there may be any number that are gone.
  const firstMonths = `SELECT month FROM holdings WHERE ${wanted} AND month <> '' GROUP BY month HAVING sum(entries) > 0`;
  const [row] = await tables.rows<{ entries: number; oldest: string | null }>(
    `SELECT (SELECT coalesce(sum(entries), 0)::bigint FROM holdings WHERE ${wanted} AND month <> '' AND month < $3)
       + (SELECT count(*) FROM recordings WHERE state <> 'done' AND state <> 'purged' AND ${wanted} AND start >= $3 AND start < $2) AS entries,
       (SELECT start FROM recordings WHERE state <> 'done' AND state <> 'purged' AND ${wanted} AND start < $2
        AND start >= (SELECT min(month) FROM (${firstMonths}) AS months) ORDER BY start, seq LIMIT 1) AS oldest`,
    [source, startedBefore, startedBefore.slice(0, 7)],
  );
  return { entries: row!.entries, ...(row!.oldest !== null && { oldest: row!.oldest }) };
}

export async function noteDamage(tables: Tables, found: ReadonlyMap<RecordingKey, string | undefined>): Promise<void> {
  const rows = [...found].map(([key, message]) => ({ key, message: message ?? null }));
  await tables.change(
    `UPDATE recordings AS r SET damage = d.message FROM jsonb_to_recordset($1::jsonb) AS d (key text, message text)
     WHERE r.key = d.key AND r.state = 'done'`,
    [JSON.stringify(rows)],
  );
}

export async function noteEtags(tables: Tables, found: ReadonlyMap<RecordingKey, string>): Promise<void> {
  const rows = [...found].map(([key, etag]) => ({ key, etag }));
  await tables.change(
    `UPDATE recordings AS r SET etag = d.etag FROM jsonb_to_recordset($1::jsonb) AS d (key text, etag text)
     WHERE r.key = d.key AND r.state = 'done'`,
    [JSON.stringify(rows)],
  );
}

export async function noteTranscripts(
  tables: Tables,
  key: RecordingKey,
  transcripts: readonly Transcript[],
  { lines, cut }: Spoken,
): Promise<void> {
  const named = transcripts.length === 0 ? null : JSON.stringify(transcripts);
  const [row] = await tables.rows<{ seq: number }>(
    "UPDATE recordings SET transcripts = $1 WHERE key = $2 AND state = 'done' RETURNING seq",
    [named, key],
  );
  if (row === undefined) return;
  await tables.change(
    `INSERT INTO spoken VALUES ($1, $2, $3, $4, $5) ON CONFLICT (recording) DO UPDATE
     SET noted = excluded.noted, cut = excluded.cut, marks = excluded.marks, words = excluded.words`,
    [row.seq, tables.now, cut ? 1 : null, ...spokenValues(lines)],
  );
}

export async function spokenOf(tables: Tables, key: RecordingKey): Promise<Spoken | undefined> {
  const [row] = await tables.rows<SpokenRow>(
    `SELECT cut, marks, words FROM spoken
     WHERE recording = (SELECT seq FROM recordings WHERE key = $1 AND state = 'done')`,
    [key],
  );
  return row && spokenOfRow(row);
}

export async function auditsOf(tables: Tables, key: RecordingKey): Promise<AuditRecord[]> {
  return (await tables.rows<AuditRow>("SELECT * FROM audits WHERE key = $1 ORDER BY seq", [key])).map(auditOf);
}

export async function lastAudits(
  tables: Tables,
  count: number,
  action?: AuditRecord["action"],
): Promise<AuditRecord[]> {
  const newest = "SELECT * FROM audits WHERE action = coalesce($2, action) ORDER BY seq DESC LIMIT $1";
  return (await tables.rows<AuditRow>(newest, [count, action ?? null])).map(auditOf);
}
