import type { RejectedRow, Row, RowBatch } from "../../core/recording.ts";
import type { ReaderSettings } from "../settings.ts";
import { lineTexts } from "./ndjson.ts";
import { objectOf, parseJson, recordsOf } from "./parse.ts";
import { elementTexts } from "./split.ts";

/** One JSON value of a file as text, and where it stands. */
export interface JsonText {
  readonly text: string;
  /** Line of a value that stands by itself; undefined for an element of a list, which is counted instead. */
  readonly line: number | undefined;
}

const batchRows = 4096;

/** The rows of `{"records":[…]}`, of a bare array, of one record, or of NDJSON; documents may follow one another. */
export async function* jsonRows(
  file: string,
  head: string,
  blocks: AsyncIterable<Buffer>,
  settings: ReaderSettings,
): AsyncGenerator<RowBatch, void> {
  const texts = isNdjson(head) ? lineTexts(blocks, file) : elementTexts(blocks, file);
  const collected = collector(file, settings);
  for await (const some of texts) {
    for (const text of some) {
      collected.take(text);
      if (collected.size() >= batchRows) yield collected.batch();
    }
    if (collected.size() > 0) yield collected.batch();
  }
}

/** Parses values one by one, opens lists and pages, and gathers what they hold. */
function collector(file: string, settings: ReaderSettings) {
  let listed = 0;
  let rows: Row[] = [];
  let rejected: RejectedRow[] = [];

  const add = (value: unknown, line: number) => {
    const fields = objectOf(value);
    if (fields === undefined) rejected.push({ file, line, message: "not a JSON object" });
    else if (!isEnd(fields)) rows.push({ fields: renamed(fields, settings.map), file, line });
  };

  return {
    size: () => rows.length + rejected.length,
    take({ text, line }: JsonText) {
      const value = parseJson(text);
      if (value === undefined) {
        rejected.push({ file, line: line ?? ++listed, message: "not valid JSON" });
        return;
      }
      const list = recordsOf(value, file);
      if (list === undefined) add(value, line ?? ++listed);
      else for (const element of list) add(element, ++listed);
    },
    batch(): RowBatch {
      const batch = { rows, rejected };
      rows = [];
      rejected = [];
      return batch;
    },
  };
}

/** The line with which our own NDJSON ends speaks of no recording: whoever pipes one command into another need not cut it off. */
function isEnd({ event, time }: Readonly<Record<string, unknown>>): boolean {
  return typeof time === "string" && (event === "reconcile-finished" || event === "verify-finished");
}

/** NDJSON shows itself by a first line that is a whole value. */
function isNdjson(head: string): boolean {
  const line = /[^\s\x1e][^\r\n]*/.exec(head)?.[0] ?? "";
  return parseJson(line) !== undefined;
}

function renamed(
  fields: Readonly<Record<string, unknown>>,
  map: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, unknown>> {
  if (map === undefined) return fields;
  const copy: Record<string, unknown> = { ...fields };
  for (const [field, column] of Object.entries(map)) {
    const key = Object.hasOwn(fields, column)
      ? column
      : Object.keys(fields).find((name) => name.toLowerCase() === column.toLowerCase());
    if (key === undefined) continue;
    delete copy[key];
    copy[field] = fields[key];
  }
  return copy;
}
