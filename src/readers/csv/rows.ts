import { formatNumberOf } from "../../core/format.ts";
import type { RejectedRow, Row, RowBatch } from "../../core/recording.ts";
import type { ReaderSettings } from "../settings.ts";
import { tellDialect } from "./dialect.ts";
import { records } from "./records.ts";
import { openTable } from "./table.ts";
import { linesAboveHeader } from "./titles.ts";

const batchRows = 4096;

/** The rows of a table of text, in any of the dialects that SQL tools write. */
export async function* tableRows(
  file: string,
  head: string,
  blocks: AsyncIterable<Buffer>,
  settings: ReaderSettings,
): AsyncGenerator<RowBatch, void> {
  const above = linesAboveHeader(head, settings);
  const dialect = tellDialect(head, settings.columns, file, above);
  const table = openTable(dialect, settings, file, above);
  if (above > 0) {
    const message = `${file}: ${formatNumberOf(above, "line")} above the column names skipped.`;
    yield { rows: [], notices: [message] };
  }
  for await (const block of records(blocks, dialect, file)) {
    for (let from = 0; from < block.length; from += batchRows) {
      const rows: Row[] = [];
      const rejected: RejectedRow[] = [];
      for (const record of block.slice(from, from + batchRows)) table.take(record, rows, rejected);
      if (rows.length > 0 || rejected.length > 0) yield { rows, rejected };
    }
  }
}
