import { parseJson } from "../../core/exact-json.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { RejectedRow, Row, RowBatch } from "../../core/model/recording.ts";
import { linesOf } from "../decode.ts";
import type { ReaderSettings } from "../index.ts";
import { objectOf } from "./list-pages.ts";
import { elementTexts, longestValue } from "./split.ts";

/** One JSON value of a file as text, and where it stands. */
export interface JsonText {
  readonly text: string;
  /** Line of a value that stands by itself; undefined for an element of a list, which is counted instead. */
  readonly line: number | undefined;
  /** The object around records that were given one by one: it says which page of a list they are. */
  readonly isAround?: true;
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

  /** A row, or a list of rows or pages. */
  const open = (value: unknown, line: number | undefined): void => {
    const list = recordsOf(value, file);
    if (list === undefined) add(value, line ?? ++listed);
    const page = objectOf(value);
    if (page !== undefined && list !== undefined) settings.pages?.heard(page, file, line ?? listed + 1);
    for (const element of list ?? []) {
      if (page === undefined && objectOf(element) !== undefined) open(element, undefined);
      else add(element, ++listed);
    }
  };

  return {
    size: () => rows.length + rejected.length,
    take({ text, line, isAround }: JsonText) {
      const value = parseJson(text);
      if (isAround) {
        settings.pages?.heard(objectOf(value) ?? {}, file, line ?? 0);
        return;
      }
      if (value === undefined) {
        rejected.push({ file, line: line ?? ++listed, message: "not valid JSON" });
        return;
      }
      open(value, line);
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

/** The names under which tools put a list of rows into an object. */
const lists = ["records", "data", "rows", "items", "results", "recordings", "calls", "value"] as const;

/** Whether an object is a row itself, whatever lists it has. */
function isRow(object: Readonly<Record<string, unknown>>): boolean {
  return ["id", "sessionId", "voicefilename", "recordingId", "contentUri"].some((name) => object[name] !== undefined);
}

/** The elements of a list or of a page of the call log; undefined for a value that is a row by itself. */
export function recordsOf(value: unknown, file: string): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  const object = objectOf(value);
  if (object === undefined) return undefined;
  const found = lists.filter((each) => Array.isArray(object[each])).map((each) => object[each] as unknown[]);
  if (found.length > 0 && !isRow(object)) return onlyList(found, file);
  if (typeof object.errorCode === "string" && typeof object.message === "string" && object.id === undefined) {
    throw new RecordingError(
      "bad-rows",
      `${file} holds an error answer of the API (${object.errorCode.slice(0, 40)}), not call records. Export again.`,
    );
  }
  return undefined;
}

/** Which of an object's lists has the rows cannot be told where several have elements. */
function onlyList(found: readonly unknown[][], file: string): readonly unknown[] {
  const filled = found.filter((list) => list.length > 0);
  if (filled.length < 2) return filled[0] ?? [];
  throw new RecordingError("bad-rows", `${file} has more than one list in an object: give the list of rows alone.`);
}

/** One value on each line; blank lines and the record separators of RFC 7464 are passed over. */
export async function* lineTexts(blocks: AsyncIterable<Buffer>, file: string): AsyncGenerator<JsonText[]> {
  let count = 0;
  for await (const lines of linesOf(blocks, file, longestValue)) {
    const texts: JsonText[] = [];
    for (const line of lines) {
      count++;
      const text = line.replace(/^[\x1e\ufeff]+/, "").trim();
      if (text !== "") texts.push({ text, line: count });
    }
    yield texts;
  }
}
