import { type Evidence, isAbsence, retentionNote } from "../../core/download/evidence.ts";
import type { RecordingError } from "../../core/model/errors.ts";
import type { RecordingKey, RecordingRef, Stored } from "../../core/model/recording.ts";
import { evidenceAfter, keptMessage, settlesShortness, stateAfter } from "../claim-rules.ts";
import type { Outcome } from "../outcome-records.ts";
import { evidenceOf, refColumns, refUpdates, refValues } from "../recording-row.ts";
import { callOfRow, type KnownRow, type Result } from "../result.ts";
import { keptValues } from "./key-value.ts";
import { addOutcomes } from "./outcomes.ts";
import type { Tables } from "./store.ts";

type Known = KnownRow & { readonly key: RecordingKey };

/** What became of a result: `lost` when the claim is no longer this run's, and nothing is written. */
export type Written = Evidence | "lost" | undefined;

/** Writes results of one run, each only while its claim is the run's. */
export async function writeResults(tables: Tables, results: readonly Result[], runId: string): Promise<Written[]> {
  const keys = results.map((result) => ("released" in result ? result.key : result.ref.key));
  const known = await lookUp(tables, keys);
  const noted = await retentionNotes(tables, results);
  const written: Written[] = new Array(results.length).fill(undefined);
  const outcomes: Outcome[] = [];
  const done: { ref: RecordingRef; stored: Stored }[] = [];
  const released: RecordingKey[] = [];
  for (const [at, result] of results.entries()) {
    const row = known.get(keys[at]!);
    if ("released" in result) released.push(result.key);
    else if (row !== undefined && row.lease_owner !== runId) written[at] = "lost";
    else if ("stored" in result) done.push(result);
    else if (isNamed(result.ref, row)) released.push(result.ref.key);
    else {
      if (row === undefined) await know(tables, [result.ref]);
      const { evidence, outcome } = await fail(tables, result, row ?? blank(result.ref), runId, noted);
      written[at] = evidence;
      if (outcome !== undefined) outcomes.push(outcome);
    }
  }
  await release(tables, released, runId);
  const unknown = done.map(({ ref }) => ref).filter(({ key }) => !known.has(key));
  await know(tables, unknown);
  outcomes.push(...(await finish(tables, done, runId)));
  await addOutcomes(tables, outcomes);
  return written;
}

/** Whether a person's word alone stands for it. */
function isNamed(ref: RecordingRef, row: Known | undefined): boolean {
  return row === undefined ? ref.named === true : row.named === 1;
}

/** Records files found in place; how many were not known as done or purged. */
export async function adoptAll(
  tables: Tables,
  found: readonly { readonly ref: RecordingRef; readonly stored: Stored }[],
  runId: string,
): Promise<number> {
  const once = [...new Map(found.map((each) => [each.ref.key, each])).values()];
  const known = await lookUp(
    tables,
    once.map(({ ref }) => ref.key),
  );
  const fresh = once.filter(({ ref }) => !["done", "purged"].includes(known.get(ref.key)?.state ?? ""));
  await know(
    tables,
    fresh.map(({ ref }) => ref),
  );
  await addOutcomes(tables, await finish(tables, fresh, runId));
  return fresh.length;
}

/** Locked in the order of their keys, as every batch locks them. */
async function lookUp(tables: Tables, keys: readonly RecordingKey[]): Promise<ReadonlyMap<RecordingKey, Known>> {
  const rows = await tables.rows<Known>(
    `SELECT key, state, evidence, start, duration, lease_owner, named FROM recordings WHERE key = ANY ($1::text[])
     ORDER BY key FOR UPDATE`,
    [keys],
  );
  return new Map(rows.map((row) => [row.key, row]));
}

async function retentionNotes(tables: Tables, results: readonly Result[]) {
  const sources = results.flatMap((result) => ("error" in result ? [retentionNote(result.ref.source)] : []));
  return keptValues(tables, [...new Set(sources)]);
}

function blank({ key, call }: RecordingRef): Known {
  const { start = "", duration = null } = call;
  return { key, state: "pending", evidence: null, start, duration, lease_owner: null, named: null };
}

async function know(tables: Tables, refs: readonly RecordingRef[]): Promise<void> {
  if (refs.length === 0) return;
  const rows = refs.map((ref) => Object.fromEntries(refValues(ref).map((value, at) => [refColumns[at], value])));
  const columns = refColumns.map((name) => `${name} ${name === "duration" ? "double precision" : "text"}`).join(", ");
  await tables.change(
    `INSERT INTO recordings (${refColumns.join(", ")}, state, first_seen, changed)
     SELECT ${refColumns.join(", ")}, 'pending', $2::bigint, $2::bigint
     FROM jsonb_to_recordset($1::jsonb) AS a (${columns}) ORDER BY key COLLATE "C"
     ON CONFLICT (key) DO UPDATE SET ${refUpdates}`,
    [JSON.stringify(rows), tables.now],
  );
}

async function release(tables: Tables, keys: readonly RecordingKey[], runId: string): Promise<void> {
  if (keys.length === 0) return;
  const ours = "WHERE key = ANY ($1::text[]) AND lease_owner = $2";
  await tables.change(`DELETE FROM recordings ${ours} AND named = 1`, [keys, runId]);
  await tables.change(`UPDATE recordings SET lease_owner = NULL ${ours}`, [keys, runId]);
}

async function finish(
  tables: Tables,
  done: readonly { readonly ref: RecordingRef; readonly stored: Stored }[],
  runId: string,
): Promise<Outcome[]> {
  if (done.length === 0) return [];
  const rows = done.map(({ ref, stored }) => {
    const { path, bytes, sha256, contentType, audioSeconds, note, etag, short = false } = stored;
    return {
      key: ref.key,
      path,
      bytes,
      sha256,
      content_type: contentType,
      audio_seconds: audioSeconds,
      note,
      etag,
      short,
    };
  });
  const changed = await tables.rows<{ key: RecordingKey }>(
    `UPDATE recordings AS r SET state = 'done', path = d.path, bytes = d.bytes, sha256 = d.sha256,
       content_type = d.content_type, audio_seconds = d.audio_seconds, note = d.note, etag = d.etag, done_at = $2::bigint, changed = $2::bigint,
       run_id = $3, lease_owner = NULL, error_code = NULL, error_message = NULL, evidence = NULL, named = NULL, damage = NULL,
       short = CASE WHEN d.short THEN CASE r.state WHEN 'done' THEN 2 ELSE 1 END END
     FROM jsonb_to_recordset($1::jsonb) AS d (key text, path text, bytes bigint, sha256 text, content_type text,
       audio_seconds double precision, note text, etag text, short boolean)
     WHERE r.key = d.key AND r.state <> 'purged' RETURNING r.key`,
    [JSON.stringify(rows), tables.now, runId],
  );
  const won = new Set(changed.map(({ key }) => key));
  return rows
    .filter(({ key }) => won.has(key))
    .map(({ key, bytes, sha256 }) => ({ key, state: "done", bytes, sha256 }));
}

async function fail(
  tables: Tables,
  { ref, error }: { readonly ref: RecordingRef; readonly error: RecordingError },
  known: Known,
  runId: string,
  noted: ReadonlyMap<string, string>,
): Promise<{ evidence: Evidence | undefined; outcome?: Outcome }> {
  const before = known.evidence === null ? undefined : evidenceOf(known.evidence);
  const called = { ...ref, call: callOfRow(known) };
  const evidence = evidenceAfter(before, error, called, tables.now, (name) => noted.get(name));
  const said = [error.code, keptMessage(error), evidence === undefined ? null : JSON.stringify(evidence)];
  if (known.state === "done") {
    await tables.change(
      `UPDATE recordings SET error_code = $2, error_message = $3, evidence = $4, attempts = attempts + 1, lease_owner = NULL,
         short = CASE WHEN $5 AND short IS NOT NULL THEN 2 ELSE short END WHERE key = $1`,
      [ref.key, ...said, settlesShortness(error)],
    );
    return { evidence };
  }
  const state = stateAfter(error);
  await tables.change(
    `UPDATE recordings SET error_code = $2, error_message = $3, evidence = $4, attempts = attempts + 1, state = $5,
       changed = $6, run_id = $7, lease_owner = NULL WHERE key = $1`,
    [ref.key, ...said, state, tables.now, runId],
  );
  const proven = evidence?.proven === true;
  const news = state !== known.state || proven !== (before?.proven === true);
  return { evidence, ...(isAbsence(state) && news && { outcome: { key: ref.key, state, proven } }) };
}
