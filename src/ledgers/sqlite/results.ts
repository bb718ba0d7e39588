import { type Evidence, isAbsence } from "../../core/download/evidence.ts";
import type { RecordingError } from "../../core/model/errors.ts";
import type { RecordingRef, Stored } from "../../core/model/recording.ts";
import { evidenceAfter, keptMessage, settlesShortness, stateAfter } from "../claim-rules.ts";
import { evidenceOf, refColumns, refUpdates, refValues } from "../recording-row.ts";
import { callOfRow, type KnownRow, type Result } from "../result.ts";
import type { Database } from "./database.ts";
import { openKeyValue } from "./key-value.ts";
import type { Outcomes } from "./outcomes.ts";

const groupSize = 256;
/** Results that come sooner after a commit wait for company until then: one that comes alone is committed at once. */
const commitEveryMs = 10;

/** Results on their way into the file. */
export interface Results<Outcome> {
  /** Resolves with what `write` made of it when the result is committed; results that come close together share a transaction. */
  settle(result: Result): Promise<Outcome>;
  /** Commits what waits, now. Never throws: each waiting promise hears of its own fate. */
  flush(): void;
}

interface Waiting<Outcome> {
  readonly result: Result;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Writes results in groups through `write`. Files are synced in groups, so their results come together by themselves. */
export function openResults<Outcome>(write: (results: readonly Result[]) => readonly Outcome[]): Results<Outcome> {
  let queue: Waiting<Outcome>[] = [];
  let scheduled: NodeJS.Timeout | undefined;
  let committedAt = Number.NEGATIVE_INFINITY;

  const flush = () => {
    clearTimeout(scheduled);
    scheduled = undefined;
    const group = queue;
    queue = [];
    if (group.length === 0) return;
    try {
      const outcomes = write(group.map(({ result }) => result));
      for (const [at, { resolve }] of group.entries()) resolve(outcomes[at] as Outcome);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
    committedAt = performance.now();
  };
  return {
    settle: (result) =>
      new Promise((resolve, reject) => {
        queue.push({ result, resolve, reject });
        if (queue.length >= groupSize) flush();
        else scheduled ??= setTimeout(flush, Math.max(0, committedAt + commitEveryMs - performance.now()));
      }),
    flush,
  };
}

/** The SQL behind results; to be called inside a transaction. */
export interface ResultWriter {
  /**
   * Returns what is known by now of why the recording cannot be had, or `lost` when the claim is no longer this run's:
   * another has taken it over, or it was purged, and nothing is written. A run claims a recording once, so that its id
   * is the fence.
   */
  write(result: Result, runId: string, now: number): Evidence | "lost" | undefined;
  /** Records a file found in place; false when it was known as done or purged. */
  adopt(ref: RecordingRef, stored: Stored, runId: string, now: number): boolean;
}

export function openResultWriter(database: Database, outcomes: Outcomes): ResultWriter {
  const { sqlite } = database;
  const kept = openKeyValue(database);
  const finish = sqlite.prepare(`
    UPDATE recordings SET state = 'done', path = ?, bytes = ?, sha256 = ?, content_type = ?, audio_seconds = ?, note = ?, etag = ?,
      done_at = ?, changed = ?, run_id = ?, lease_owner = NULL, error_code = NULL, error_message = NULL, evidence = NULL,
      named = NULL, short = CASE WHEN ? THEN CASE state WHEN 'done' THEN 2 ELSE 1 END END, damage = NULL
    WHERE key = ? AND state <> 'purged'`);
  const keep = sqlite.prepare(`
    UPDATE recordings SET error_code = ?, error_message = ?, evidence = ?, attempts = attempts + 1, lease_owner = NULL,
      short = CASE WHEN ? AND short IS NOT NULL THEN 2 ELSE short END
    WHERE key = ?`);
  const fail = sqlite.prepare(`
    UPDATE recordings SET state = ?, error_code = ?, error_message = ?, evidence = ?, attempts = attempts + 1,
      changed = ?, run_id = ?, lease_owner = NULL
    WHERE key = ?`);
  const forget = sqlite.prepare("DELETE FROM recordings WHERE key = ? AND lease_owner = ? AND named = 1");
  const free = sqlite.prepare("UPDATE recordings SET lease_owner = NULL WHERE key = ? AND lease_owner = ?");
  const insert = sqlite.prepare(`
    INSERT INTO recordings (${refColumns.join(", ")}, state, first_seen, changed)
    VALUES (${refColumns.map(() => "?").join(", ")}, 'pending', ?, ?)
    ON CONFLICT (key) DO UPDATE SET ${refUpdates}`);
  const look = sqlite.prepare(
    "SELECT state, evidence, start, duration, lease_owner, named FROM recordings WHERE key = ?",
  );

  const done = (ref: RecordingRef, stored: Stored, runId: string, now: number) => {
    const { path, bytes, sha256, contentType, audioSeconds = null, note = null, etag = null, short = false } = stored;
    const columns = [path, bytes, sha256, contentType, audioSeconds, note, etag, now, now, runId, Number(short)];
    const changes = Number(finish.run(...columns, ref.key).changes);
    if (changes > 0) outcomes.add({ key: ref.key, state: "done", bytes, sha256 }, now);
  };
  const failed = (ref: RecordingRef, error: RecordingError, runId: string, now: number) => {
    const known = look.get(ref.key) as KnownRow;
    const before = known.evidence === null ? undefined : evidenceOf(known.evidence);
    const called = { ...ref, call: callOfRow(known) };
    const evidence = evidenceAfter(before, error, called, now, kept.get);
    const column = evidence === undefined ? null : JSON.stringify(evidence);
    if (known.state === "done") {
      keep.run(error.code, keptMessage(error), column, Number(settlesShortness(error)), ref.key);
    } else {
      const state = stateAfter(error);
      fail.run(state, error.code, keptMessage(error), column, now, runId, ref.key);
      const proven = evidence?.proven === true;
      const news = state !== known.state || proven !== (before?.proven === true);
      if (isAbsence(state) && news) outcomes.add({ key: ref.key, state, proven }, now);
    }
    return evidence;
  };
  const know = (ref: RecordingRef, now: number) => insert.run(...refValues(ref), now, now);

  return {
    write: (result, runId, now) => {
      if ("released" in result) {
        forget.run(result.key, runId);
        free.run(result.key, runId);
        return undefined;
      }
      const { ref } = result;
      const known = look.get(ref.key) as KnownRow | undefined;
      if (known !== undefined && known.lease_owner !== runId) return "lost";
      if ("error" in result && (known === undefined ? ref.named : known.named)) {
        forget.run(ref.key, runId);
        return undefined;
      }
      if (known === undefined) know(ref, now);
      if ("error" in result) return failed(ref, result.error, runId, now);
      done(ref, result.stored, runId, now);
      return undefined;
    },
    adopt: (ref, stored, runId, now) => {
      const before = look.get(ref.key) as KnownRow | undefined;
      if (before?.state === "done" || before?.state === "purged") return false;
      if (before === undefined && !outcomes.allows(ref.key, stored.sha256)) return false;
      know(ref, now);
      done(ref, stored, runId, now);
      return true;
    },
  };
}
