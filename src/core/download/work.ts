/*
 * Rows travel in batches. A million rows cost a few hundred promises, and within a batch the oldest call comes first.
 */

import type { DownloadEvent } from "../model/events.ts";
import type { Ledger } from "../model/ledger.ts";
import type { Selection } from "../model/ports.ts";
import type { RecordingKey, RecordingRef, Row, RowBatch } from "../model/recording.ts";
import { excluded } from "../selection.ts";
import type { CallMarks } from "./call-traits.ts";
import { type FoundBatch, type FoundRow, foundRows, type SourceOf } from "./found-rows.ts";
import { type GivenRows, withoutPlace } from "./given-rows.ts";

/** A piece of work: recordings to fetch, and what there is to tell of the rows that gave none. */
export interface Work {
  readonly refs: readonly RecordingRef[];
  readonly events: readonly DownloadEvent[];
}

export interface WorkRules {
  readonly selection: Selection;
  readonly nowMs: () => number;
  /** Set for rows that a person gave. */
  readonly given?: GivenRows;
  /** What the archive knows of recordings' calls, in order: given rows are held against it. */
  readonly known?: NonNullable<Ledger["callsOf"]>;
}

export interface RowRules extends WorkRules {
  readonly sourceOf: SourceOf;
}

/** Turns rows into work, batch by batch: finds the recordings, filters them, puts the oldest first within a batch. */
export function workFromRows(batches: AsyncIterable<RowBatch>, rules: RowRules): AsyncIterable<Work> {
  return workFromFound(foundRows(batches, rules.sourceOf), rules);
}

/** The same for rows whose recordings are found already. */
export async function* workFromFound(batches: AsyncIterable<FoundBatch>, rules: WorkRules): AsyncIterable<Work> {
  for await (const batch of batches) {
    yield await workOf(batch, rules);
    rules.given?.check();
  }
  rules.given?.end();
}

async function workOf(batch: FoundBatch, rules: WorkRules): Promise<Work> {
  const refs: RecordingRef[] = [];
  const { given } = rules;
  const events: DownloadEvent[] = [];
  for (const message of batch.notices ?? []) events.push({ event: "notice", level: "warning", message });
  const reject = (row: Pick<Row, "file" | "line">, text: string) => {
    const { file, line } = row;
    const message = withoutPlace(text, row);
    given?.row(file, message);
    events.push({ event: "row-rejected", file, line, message });
  };
  for (const row of batch.rejected ?? []) reject(row, row.message);
  const nowMs = rules.nowMs();
  for (const row of await heldAgainst(batch.rows, rules)) {
    const { finding } = row;
    if (typeof finding === "string") {
      reject(row, finding);
      continue;
    }
    given?.row(row.file);
    if (finding.absence !== undefined) {
      events.push({ event: "recording-skipped", ...finding.absence, file: row.file, line: row.line });
    }
    for (const ref of finding.refs) {
      const reason = reasonToSkip(ref, rules, nowMs);
      if (reason === undefined) refs.push(ref);
      else events.push({ event: "recording-skipped", key: ref.key, reason, call: ref.call, ref });
    }
  }
  const source = refs[0]?.source;
  if (source !== undefined) events.push({ event: "listed", source, rows: batch.rows.length, recordings: refs.length });
  return { refs: oldestFirst(refs), events };
}

/** The same rows; those that cannot be right by what was said before of their recordings, or by what the archive knows, do not count. */
async function heldAgainst(rows: readonly FoundRow[], rules: WorkRules): Promise<readonly FoundRow[]> {
  const known = await knownOf(rows, rules);
  let at = 0;
  return rows.map((row) => {
    if (typeof row.finding === "string") return row;
    // Each is held against what was seen before, and remembered, whatever is wrong with the others.
    const conflicts = row.finding.refs.map((ref) => rules.given?.conflict(ref, known[at++]));
    const conflict = conflicts.find((why) => why !== undefined);
    return conflict === undefined ? row : { ...row, finding: conflict };
  });
}

/** The calls of the recordings that the archive knows already, in the order of all rows' refs. */
async function knownOf(rows: readonly FoundRow[], { known }: WorkRules): Promise<readonly (CallMarks | undefined)[]> {
  if (known === undefined) return [];
  const keys: RecordingKey[] = [];
  for (const { finding } of rows) if (typeof finding !== "string") for (const { key } of finding.refs) keys.push(key);
  return known(keys);
}

function reasonToSkip(ref: RecordingRef, { given, selection }: WorkRules, nowMs: number) {
  return given?.lacksStart(ref) ? "unknown-start" : excluded(ref.call, selection, nowMs);
}

/** Sorted by start; recordings without one come last, rows that are in order already stay as they are. */
export function oldestFirst(refs: RecordingRef[]): RecordingRef[] {
  const start = (ref: RecordingRef) => ref.call.start ?? "\uffff";
  return refs.sort((a, b) => (start(a) < start(b) ? -1 : start(a) > start(b) ? 1 : 0));
}
