import { type Hold, holdsOver } from "../core/holds.ts";
import type { Failure } from "../core/model/catalogue.ts";
import type { PurgedFile } from "../core/model/ledger.ts";
import type { Call, RecordingKey, SourceName } from "../core/model/recording.ts";
import type { Transcript } from "../core/transcripts/spoken.ts";
import { evidenceOf } from "./recording-row.ts";

/** What is being purged, as it stands. */
export interface PurgingRow {
  readonly key: RecordingKey;
  readonly path: string | null;
  readonly source: SourceName;
  readonly id: string;
  readonly call: string | null;
  readonly transcripts: string | null;
}

/** What a purge may have left of a recording, with the holds that keep it since. */
export function purgedFile(
  { key, path, source, id, call, transcripts }: PurgingRow,
  inForce: readonly Hold[],
): PurgedFile {
  const since = holdsOver(inForce, { key, source, id, call: call === null ? {} : (JSON.parse(call) as Call) });
  const known = transcripts === null ? {} : { transcripts: pathsOf(transcripts) };
  return { key, ...(path !== null && { path }), ...known, ...(since.length > 0 && { holds: since }) };
}

function pathsOf(column: string): string[] {
  return (JSON.parse(column) as Transcript[]).map(({ path }) => path);
}

/** Failures as they are counted. */
export type FailureRow = Omit<Failure, "evidence"> & { readonly evidence: string | null };

/** A failure of a row. */
export function failureOf({ evidence, ...failure }: FailureRow): Failure {
  return { ...failure, ...(evidence !== null && { evidence: evidenceOf(evidence) }) };
}

/** Recordings that are shorter than their calls, as they are counted. */
export interface ShortsRow {
  readonly entries: number;
  readonly open: number | null;
  readonly example: RecordingKey | null;
}

/** What is being purged. Another recording may have taken the name since: that file is not the purged one's. */
export const purgingFilesSql = `
  SELECT key, coalesce(source, substr(key, 1, instr(key, '/') - 1)) AS source, coalesce(id, '') AS id, call, purging.transcripts, CASE WHEN purging.path NOT IN
    (SELECT path FROM recordings WHERE path IN (SELECT path FROM purging)) THEN purging.path END AS path
  FROM purging LEFT JOIN recordings USING (key) ORDER BY key`;

/** Leaves a tombstone. */
export const purgeSql = `
  UPDATE recordings SET state = 'purged', path = NULL, from_number = NULL, to_number = NULL, extension = NULL, user_name = NULL, name = NULL,
    session = NULL, account = NULL, call_id = NULL, locator = '{}', error_code = NULL, error_message = NULL,
    evidence = NULL, short = NULL, note = NULL, etag = NULL, damage = NULL, named = NULL, transcripts = NULL, lease_owner = NULL, changed = ?
  WHERE key = ? AND state <> 'purged'`;
