/*
 * Rows travel in batches. A million rows cost a few hundred promises, and within a batch the oldest call comes first.
 */

import { RecordingError } from "../model/errors.ts";
import type { DownloadEvent } from "../model/events.ts";
import type { Ledger } from "../model/ledger.ts";
import type { Selection, Source } from "../model/ports.ts";
import type { RecordingKey, RecordingRef, Row, RowBatch, RowFinding } from "../model/recording.ts";
import { canBeStart, excluded } from "../selection.ts";
import type { CallMarks } from "./call-traits.ts";
import { type GivenRows, withoutPlace } from "./given-rows.ts";

/** A piece of work: recordings to fetch, and what there is to tell of the rows that gave none. */
export interface Work {
  readonly refs: readonly RecordingRef[];
  readonly events: readonly DownloadEvent[];
}

export interface RowRules {
  /** The source a row belongs to; throws `bad-rows` when it fits none. */
  readonly sourceOf: (row: Row) => Pick<Source, "recordings">;
  readonly selection: Selection;
  readonly nowMs: () => number;
  /** Set for rows that a person gave. */
  readonly given?: GivenRows;
  /** What the archive knows of recordings' calls, in order: given rows are held against it. */
  readonly known?: NonNullable<Ledger["callsOf"]>;
}

/** Turns rows into work, batch by batch: finds the recordings, filters them, puts the oldest first within a batch. */
export async function* workFromRows(batches: AsyncIterable<RowBatch>, rules: RowRules): AsyncIterable<Work> {
  for await (const batch of batches) {
    yield await workOf(batch, rules);
    rules.given?.check();
  }
  rules.given?.end();
}

async function workOf(batch: RowBatch, rules: RowRules): Promise<Work> {
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
  for (const { row, finding } of await findIn(batch.rows, rules)) {
    if (typeof finding === "string") {
      reject(row, finding);
      continue;
    }
    given?.row(row.file);
    if (finding.absence !== undefined) {
      events.push({ event: "recording-skipped", ...finding.absence, file: row.file, line: row.line });
    }
    for (const ref of isOfErrorFile(row) ? finding.refs.map(insisted) : finding.refs) {
      const reason = reasonToSkip(ref, rules, nowMs);
      if (reason === undefined) refs.push(ref);
      else events.push({ event: "recording-skipped", key: ref.key, reason, call: ref.call, ref });
    }
  }
  const source = refs[0]?.source;
  if (source !== undefined) events.push({ event: "listed", source, rows: batch.rows.length, recordings: refs.length });
  return { refs: oldestFirst(refs), events };
}

interface Found {
  readonly row: Row;
  /** What the row speaks of, or why it cannot count. */
  finding: RowFinding | string;
}

async function findIn(rows: readonly Row[], rules: RowRules): Promise<readonly Found[]> {
  const found: Found[] = rows.map((row) => ({ row, finding: withoutFalseStart(read(row, rules)) }));
  const known = await knownOf(found, rules);
  let at = 0;
  for (const each of found) {
    const { finding } = each;
    if (typeof finding === "string") continue;
    // Each is held against what was seen before, and remembered, whatever is wrong with the others.
    const conflicts = finding.refs.map((ref) => rules.given?.conflict(ref, known[at++]));
    each.finding = conflicts.find((why) => why !== undefined) ?? finding;
  }
  return found;
}

/** An error that gives up on more than this row ends the run. */
function read(row: Row, rules: RowRules): RowFinding | string {
  try {
    return rules.sourceOf(row).recordings(row);
  } catch (error) {
    if (error instanceof RecordingError && error.verdict === "give-up") return error.message;
    throw error;
  }
}

/** A start that no call has counts as none: believed, it would put the recording out of every window, and past retention. */
function withoutFalseStart(finding: RowFinding | string): RowFinding | string {
  const isFalse = ({ call: { start } }: RecordingRef) => start !== undefined && !canBeStart(start);
  if (typeof finding === "string" || !finding.refs.some(isFalse)) return finding;
  const refs = finding.refs.map((ref) => {
    const { start, ...call } = ref.call;
    return isFalse(ref) ? { ...ref, call } : ref;
  });
  return { ...finding, refs };
}

/** The calls of the recordings that the archive knows already, in the order of all rows' refs. */
async function knownOf(rows: readonly Found[], { known }: RowRules): Promise<readonly (CallMarks | undefined)[]> {
  if (known === undefined) return [];
  const keys: RecordingKey[] = [];
  for (const { finding } of rows) if (typeof finding !== "string") for (const { key } of finding.refs) keys.push(key);
  return known(keys);
}

function reasonToSkip(ref: RecordingRef, { given, selection }: RowRules, nowMs: number) {
  return given?.lacksStart(ref) ? "unknown-start" : excluded(ref.call, selection, nowMs);
}

function insisted(ref: RecordingRef): RecordingRef {
  return { ...ref, insist: true };
}

/** Whether a row is one that `--error-file` wrote. */
function isOfErrorFile({ fields }: Row): boolean {
  const { key, code, message, locator } = fields;
  return [key, code, message].every((each) => typeof each === "string") && typeof locator === "object";
}

/** Sorted by start; recordings without one come last, rows that are in order already stay as they are. */
export function oldestFirst(refs: RecordingRef[]): RecordingRef[] {
  const start = (ref: RecordingRef) => ref.call.start ?? "\uffff";
  return refs.sort((a, b) => (start(a) < start(b) ? -1 : start(a) > start(b) ? 1 : 0));
}
