import { absences } from "../../core/download/evidence.ts";
import type { RecordingRef, SourceName } from "../../core/model/recording.ts";
import { wanted } from "../claim-rules.ts";
import { type RecordingRow, refOf } from "../recording-row.ts";
import type { Tables } from "./store.ts";

type Pull = (tables: Tables, source: SourceName, runId: string, most: number) => Promise<readonly RecordingRef[]>;

/** Where the last batch ended: what lies before it is not looked at again. Calls without a known start come last. */
interface Place {
  readonly isUndated: boolean;
  readonly start: string;
  readonly seq: number;
}

const begin: Place = { isUndated: false, start: "", seq: Number.MAX_SAFE_INTEGER };
const undated: Place = { isUndated: true, start: "", seq: 0 };

/**
 * Claims what is wanted and free, batch by batch, oldest call first. What another is claiming just now is left to it;
 * nothing once the end is reached.
 */
export function openPull(): Pull {
  const places = new Map<SourceName, Place>();
  return async (tables, source, runId, most) => {
    for (let place = places.get(source) ?? begin; ; place = undated) {
      const found = await claimNext(tables, { source, runId, most, place });
      const last = found.at(-1);
      if (last !== undefined) places.set(source, { ...place, start: last.start, seq: last.seq });
      if (last !== undefined || place.isUndated) return found.map(refOf);
    }
  };
}

interface Asked {
  readonly source: SourceName;
  readonly runId: string;
  readonly most: number;
  readonly place: Place;
}

async function claimNext(tables: Tables, { source, runId, most, place }: Asked): Promise<RecordingRow[]> {
  const rows = await tables.rows<RecordingRow & { readonly was: string | null }>(
    `WITH picked AS MATERIALIZED (
       SELECT seq, lease_owner AS was FROM recordings
       WHERE state <> 'done' AND state <> 'purged' AND source = $1 AND named IS NULL AND run_id IS DISTINCT FROM $2
         AND (state = ANY ($3::text[]) OR state = ANY ($4::text[]) AND (evidence IS NULL
           OR evidence LIKE '%"waitMs":%' AND (evidence::jsonb ->> 'askedMs')::float8 + (evidence::jsonb ->> 'waitMs')::float8 <= $5::float8))
         AND (lease_owner IS NULL OR lease_owner NOT IN (SELECT run_id FROM leases WHERE until > $5::bigint))
         AND (start, seq) > ($6, $7::bigint) AND ${place.isUndated ? "start = ''" : "start > ''"}
       ORDER BY start, seq LIMIT $8 FOR UPDATE SKIP LOCKED)
     UPDATE recordings AS r SET lease_owner = $2 FROM picked WHERE r.seq = picked.seq
     RETURNING r.*, picked.was`,
    [source, runId, wanted, absences, tables.now, place.start, place.seq, most],
  );
  const kept = await withoutLiving(tables, rows);
  return kept.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.seq - b.seq));
}

/** A run may have begun, and claimed, after the statement had looked which runs live: it keeps what it has. */
async function withoutLiving<Row extends { readonly was: string | null; readonly seq: number }>(
  tables: Tables,
  rows: readonly Row[],
): Promise<Row[]> {
  const owners = [...new Set(rows.flatMap(({ was }) => was ?? []))];
  if (owners.length === 0) return [...rows];
  const living = await tables.rows<{ run_id: string }>(
    "SELECT run_id FROM leases WHERE run_id = ANY ($1::text[]) AND until > $2",
    [owners, tables.now],
  );
  const alive = new Set(living.map(({ run_id }) => run_id));
  const theirs = rows.filter(({ was }) => was !== null && alive.has(was));
  for (const { seq, was } of theirs)
    await tables.change("UPDATE recordings SET lease_owner = $2 WHERE seq = $1", [seq, was]);
  return rows.filter((row) => !theirs.includes(row));
}
