import type { RecordBreak } from "../core/model/catalogue.ts";
import type { RecordingKey } from "../core/model/recording.ts";

/** What became of a recording, as the proof keeps it: never changed, never removed, without anything that a purge must erase. */
export interface Outcome {
  readonly key: RecordingKey;
  /** `done`, `purged`, `gone`, `no-recording` or `forbidden`. */
  readonly state: string;
  /** Of what is gone, absent or forbidden: whether that was proven. */
  readonly proven?: boolean;
  /** Of what is done. */
  readonly bytes?: number;
  readonly sha256?: string;
}

/** One row of `outcomes`. */
export interface OutcomeRow {
  readonly seq: number;
  readonly at: number;
  readonly key: string;
  readonly state: string;
  readonly proven: number | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
}

/** What a chained record says of the outcomes up to it. */
export interface OutcomesSeal {
  /** The last outcome it covers; it begins after the last one that a record before it covers. */
  readonly outcomes: number;
  /** The Merkle root over them. */
  readonly outcomes_root: string;
}

/** The bytes that a leaf hashes: a JSON array without spaces, in UTF-8, of seq, at (ms), key, state, proven (0, 1, null), bytes, SHA-256 (hex). */
export function leafOf({ seq, at, key, state, proven, bytes, sha256 }: OutcomeRow): string {
  return JSON.stringify([seq, at, key, state, proven, bytes, sha256 === "" ? null : sha256]);
}

/** A record that closed a stretch of outcomes. */
export interface Closing {
  readonly name: string;
  readonly outcomes: number;
  readonly outcomes_root: string;
}

/** A stretch of outcomes that is not as its record closed it. */
export function brokenStretch(name: string, from: number, to: number): RecordBreak {
  const which = to === from + 1 ? `outcome ${to} is` : `outcomes ${from + 1} to ${to} are`;
  return { name, reason: `${which} not as this record closed them` };
}

/** Reads the records that close outcomes. */
export const closingsSql = `
  SELECT run_id AS name, outcomes, outcomes_root FROM runs WHERE outcomes IS NOT NULL
  UNION ALL SELECT action || ' ' || at, outcomes, outcomes_root FROM audits WHERE outcomes IS NOT NULL
  ORDER BY outcomes`;

/** A recording whose entry is not as its last outcome. */
export interface Disagreeing {
  readonly key: string;
  readonly said: string | null;
  readonly is: string | null;
}

/** That in words. */
export function breakOf({ key, said, is }: Disagreeing): RecordBreak {
  if (said === null)
    return {
      name: key,
      reason: `the ledger calls it ${is}, but no run ever recorded that`,
    };
  if (is === null)
    return {
      name: key,
      reason: `its entry was removed; the last outcome recorded is ${said}`,
    };
  return {
    name: key,
    reason: `the ledger calls it ${is}, but the last outcome recorded is ${said}`,
  };
}

/** A state with all that is proven of it, in words. */
export function worded(state: string, proven: string, bytes: string, sha256: string): string {
  return `CASE ${state} WHEN 'done' THEN 'done (' || coalesce(${bytes}, 'no') || ' bytes, ' || coalesce(${sha256}, '') || ')'
    WHEN 'purged' THEN 'purged' WHEN 'pending' THEN 'pending' WHEN 'failed' THEN 'failed'
    ELSE ${state} || CASE ${proven} WHEN 1 THEN ' (proven)' ELSE ' (not proven)' END END`;
}
