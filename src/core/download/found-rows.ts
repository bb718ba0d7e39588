import { RecordingError } from "../model/errors.ts";
import type { Source } from "../model/ports.ts";
import type { RecordingRef, Row, RowBatch, RowFinding } from "../model/recording.ts";
import { canBeStart } from "../selection.ts";

/** What one row speaks of. */
export interface FoundRow extends Pick<Row, "file" | "line"> {
  /** Its recordings, or why it cannot count. */
  readonly finding: RowFinding | string;
}

/** What the rows of a batch speak of, in order. Plain data, so that it can cross from a thread. */
export interface FoundBatch extends Omit<RowBatch, "rows"> {
  readonly rows: readonly FoundRow[];
}

/** The source a row belongs to; throws `bad-rows` when it fits none. */
export type SourceOf = (row: Row) => Pick<Source, "recordings">;

/** Finds the recordings that rows speak of, batch by batch. Throws what ends the run. */
export async function* foundRows(batches: AsyncIterable<RowBatch>, sourceOf: SourceOf): AsyncGenerator<FoundBatch> {
  for await (const batch of batches) {
    const rows = batch.rows.map((row) => ({ file: row.file, line: row.line, finding: read(row, sourceOf) }));
    yield { ...batch, rows };
  }
}

/** An error that gives up on more than this row ends the run. */
function read(row: Row, sourceOf: SourceOf): RowFinding | string {
  try {
    const finding = withoutFalseStart(sourceOf(row).recordings(row));
    return isOfErrorFile(row) ? { ...finding, refs: finding.refs.map(insisted) } : finding;
  } catch (error) {
    if (error instanceof RecordingError && error.verdict === "give-up") return error.message;
    throw error;
  }
}

/** A start that no call has counts as none: believed, it would put the recording out of every window, and past retention. */
function withoutFalseStart(finding: RowFinding): RowFinding {
  const isFalse = ({ call: { start } }: RecordingRef) => start !== undefined && !canBeStart(start);
  if (!finding.refs.some(isFalse)) return finding;
  const refs = finding.refs.map((ref) => {
    const { start, ...call } = ref.call;
    return isFalse(ref) ? { ...ref, call } : ref;
  });
  return { ...finding, refs };
}

function insisted(ref: RecordingRef): RecordingRef {
  return { ...ref, insist: true };
}

/** Whether a row is one that `--error-file` wrote. */
function isOfErrorFile({ fields }: Row): boolean {
  const { key, code, message, locator } = fields;
  return [key, code, message].every((each) => typeof each === "string") && typeof locator === "object";
}
