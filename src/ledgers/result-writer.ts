import type { RecordingError } from "../core/errors.ts";
import type { RecordingRef, Stored } from "../core/recording.ts";
import type { Database } from "./database.ts";
import type { Result } from "./results.ts";
import { refColumns, refUpdates, refValues } from "./rows.ts";
import { keptMessage, stateAfter } from "./rules.ts";

/** The SQL behind results; to be called inside a transaction. */
export interface ResultWriter {
  write(result: Result, runId: string, now: number): void;
  /** Records a file found in place; false when it was known as done or purged. */
  adopt(ref: RecordingRef, stored: Stored, runId: string, now: number): boolean;
}

export function openResultWriter({ sqlite }: Database): ResultWriter {
  const finish = sqlite.prepare(`
    UPDATE recordings SET state = 'done', path = ?, bytes = ?, sha256 = ?, content_type = ?, audio_seconds = ?,
      done_at = ?, changed = ?, run_id = ?, lease_owner = NULL, error_code = NULL, error_message = NULL
    WHERE key = ?`);
  const fail = sqlite.prepare(`
    UPDATE recordings SET state = ?, error_code = ?, error_message = ?, attempts = attempts + 1,
      changed = ?, run_id = ?, lease_owner = NULL
    WHERE key = ?`);
  const free = sqlite.prepare("UPDATE recordings SET lease_owner = NULL WHERE key = ? AND lease_owner = ?");
  const insert = sqlite.prepare(`
    INSERT INTO recordings (${refColumns.join(", ")}, state, first_seen, changed)
    VALUES (${refColumns.map(() => "?").join(", ")}, 'pending', ?, ?)
    ON CONFLICT (key) DO UPDATE SET ${refUpdates}`);
  const state = sqlite.prepare("SELECT state FROM recordings WHERE key = ?");

  const done = (ref: RecordingRef, stored: Stored, runId: string, now: number) => {
    const { path, bytes, sha256, contentType, audioSeconds = null } = stored;
    return finish.run(path, bytes, sha256, contentType, audioSeconds, now, now, runId, ref.key);
  };
  const failed = (ref: RecordingRef, error: RecordingError, runId: string, now: number) =>
    fail.run(stateAfter(error), error.code, keptMessage(error), now, runId, ref.key);
  const know = (ref: RecordingRef, now: number) => insert.run(...refValues(ref), now, now);

  return {
    write: (result, runId, now) => {
      if ("released" in result) return void free.run(result.key, runId);
      const settle = () =>
        "stored" in result ? done(result.ref, result.stored, runId, now) : failed(result.ref, result.error, runId, now);
      if (Number(settle().changes) > 0) return;
      know(result.ref, now);
      settle();
    },
    adopt: (ref, stored, runId, now) => {
      const before = state.get(ref.key) as { state: string } | undefined;
      if (before?.state === "done" || before?.state === "purged") return false;
      know(ref, now);
      done(ref, stored, runId, now);
      return true;
    },
  };
}
