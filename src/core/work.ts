import { RecordingError } from "./errors.ts";
import type { DownloadEvent } from "./events.ts";
import { type GivenRows, withoutPlace } from "./given-rows.ts";
import type { Ledger, Selection, Source } from "./ports.ts";
import type { RecordingRef, Row, RowBatch, RowFinding } from "./recording.ts";
import { excluded } from "./select.ts";

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
  /** What the archive knows of recordings, in order: given rows are held against it. */
  readonly known?: NonNullable<Ledger["entriesOf"]>;
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
  const findings = batch.rows.map((row) => ({ row, finding: findIn(row, rules) }));
  const known = await knownOf(findings, rules);
  for (const { row, finding } of findings) {
    if (finding instanceof RecordingError) {
      reject(row, finding.message);
      continue;
    }
    const conflict = finding.refs
      .map((ref) => given?.conflict(ref, known.get(ref.key)))
      .find((why) => why !== undefined);
    if (conflict !== undefined) {
      reject(row, conflict);
      continue;
    }
    given?.row(row.file);
    if (finding.absence !== undefined) {
      events.push({ event: "recording-skipped", ...finding.absence, file: row.file, line: row.line });
    }
    for (const found of finding.refs) {
      const ref = isOfErrorFile(row) ? { ...found, insist: true as const } : found;
      const reason = given?.lacksStart(ref) ? "unknown-start" : excluded(ref.call, rules.selection, nowMs);
      if (reason === undefined) refs.push(ref);
      else events.push({ event: "recording-skipped", key: ref.key, reason, call: ref.call });
    }
  }
  const source = refs[0]?.source;
  if (source !== undefined) events.push({ event: "listed", source, rows: batch.rows.length, recordings: refs.length });
  return { refs: oldestFirst(refs), events };
}

interface Found {
  readonly row: Row;
  readonly finding: RowFinding | RecordingError;
}

/** The recordings that the archive knows already, as it knows them. */
async function knownOf(findings: readonly Found[], { known }: RowRules): Promise<ReadonlyMap<string, RecordingRef>> {
  const found = new Map<string, RecordingRef>();
  if (known === undefined) return found;
  const refs = findings.flatMap(({ finding }) => (finding instanceof RecordingError ? [] : finding.refs));
  for (const entry of await known(refs.map(({ key }) => key))) {
    if (entry !== undefined) found.set(entry.ref.key, entry.ref);
  }
  return found;
}

/** What a row speaks of; an error that gives up on this row alone is handed back, any other ends the run. */
function findIn(row: Row, rules: RowRules): RowFinding | RecordingError {
  try {
    return rules.sourceOf(row).recordings(row);
  } catch (error) {
    if (error instanceof RecordingError && error.verdict === "give-up") return error;
    throw error;
  }
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
