import { type Columns, columnsOf } from "../../core/columns.ts";
import { RecordingError } from "../../core/errors.ts";
import { isNullWord } from "../../core/null-words.ts";
import { printable } from "../../core/printable.ts";
import type { Call, RecordingRef, Row, RowFinding } from "../../core/recording.ts";
import { damageOf, idRemedy, unwrappedId } from "../id-cells.ts";
import { callOf, textOf } from "./call.ts";
import { idsOfKey, keyOf, type TimIds } from "./key.ts";
import { callOfRef } from "./ref-call.ts";

const needed = ["datasource", "voicelocation", "voicefilename"] as const;
/** Real ids are some 40 characters; what is far longer is not one. */
const longestId = 512;

/**
 * The recording a row of the `calls` table speaks of, or a recording as `list --json` and `--error-file` print it.
 * A row whose ids are empty has none. Throws `bad-rows`, with the verdict to give up on this row alone, when the columns
 * are not there, or an id cannot be one or was damaged by a spreadsheet.
 */
export function findRecordings(row: Row): RowFinding {
  const printed = printedIds(row);
  if (printed !== undefined) return { refs: [refOf(checked(printed, row), callOfRef(row.fields.call))] };
  const columns = neededColumns(row);
  const call = callOf(columns, row.start);
  const ids = {
    datasource: idText("datasource", columns, row),
    voicelocation: idText("voicelocation", columns, row),
    voicefilename: idText("voicefilename", columns, row),
  };
  if (ids.datasource === "" || ids.voicelocation === "" || ids.voicefilename === "") {
    return { refs: [], absence: { reason: "no-recording", call } };
  }
  return { refs: [refOf(checked(ids, row), call)] };
}

/** The plain data of one recording. */
export function refOf(ids: TimIds, call: Call): RecordingRef {
  const { datasource, voicelocation, voicefilename } = ids;
  return {
    key: keyOf(ids),
    source: "tim",
    id: voicefilename,
    locator: { datasource, voicelocation, voicefilename },
    call,
  };
}

/** The three ids of a recording that came back from a ledger or a file. */
export function idsOf(ref: RecordingRef): TimIds {
  const ids = idsIn(ref.locator) ?? idsOfKey(ref.key);
  if (ids === undefined) {
    throw new RecordingError("bad-rows", `${printable(ref.key).slice(0, 200)} does not name a TIM recording.`, {
      verdict: "give-up",
    });
  }
  return ids;
}

/** The ids of a row that is a recording itself: `{source, key, locator, call}`. */
function printedIds({ fields }: Row): TimIds | undefined {
  const { locator, key } = fields;
  if (typeof locator === "object" && locator !== null) {
    const ids = idsIn(locator as Record<string, unknown>);
    if (ids !== undefined) return ids;
  }
  return typeof key === "string" && key.startsWith("tim/") ? idsOfKey(key) : undefined;
}

function idsIn(record: Readonly<Record<string, unknown>>): TimIds | undefined {
  const { datasource, voicelocation, voicefilename } = record;
  if (typeof datasource !== "string" || typeof voicelocation !== "string" || typeof voicefilename !== "string") {
    return undefined;
  }
  return { datasource, voicelocation, voicefilename };
}

function neededColumns(row: Row): Columns {
  const columns = columnsOf(row.fields);
  if (needed.every((name) => columns.has(name))) return columns;
  throw missingColumns(row);
}

function missingColumns(row: Row): RecordingError {
  const found = Object.keys(row.fields).map((name) => name.trim().toLowerCase());
  const columns = columnsOf(row.fields);
  const shown = found.slice(0, 30).map((name) => printable(name).slice(0, 60));
  const missing = needed.filter((name) => !columns.has(name));
  return new RecordingError(
    "bad-rows",
    `${printable(row.file)}: no column ${missing.join(", ")}. A TIM recording needs ${needed.join(", ")}; found: ` +
      `${shown.join(", ") || "none"}${found.length > 30 ? ", …" : ""}. Other names are told with --map voicefilename=COLUMN, ` +
      "rows without a header with --columns.",
    { verdict: "give-up" },
  );
}

function idText(name: (typeof needed)[number], columns: Columns, row: Row): string {
  if (columns.isCut(name)) throw badId(row, `is not there: the row ends before its ${name}`);
  const value = columns.value(name);
  if (typeof value === "number" && !Number.isSafeInteger(value))
    throw badId(row, "is a number too large to be read exactly; write it as text");
  const text = unwrappedId(textOf(value)?.replace(/^\0+$/, "") ?? "");
  if (isNullWord(text)) return "";
  const damage = damageOf(text);
  if (damage !== undefined) {
    throw badId(row, `was damaged: ${name} ${printable(text).slice(0, 60)} is ${damage}. ${idRemedy.slice(0, -1)}`);
  }
  return text;
}

function checked(ids: TimIds, row: Row): TimIds {
  for (const name of needed) {
    if (ids[name] === "") throw badId(row, `has an empty ${name}`);
    if (ids[name].length > longestId) throw badId(row, `has a ${name} of ${ids[name].length} characters`);
    if (/\p{Cs}/u.test(ids[name])) throw badId(row, `has a ${name} that is not valid Unicode`);
  }
  return ids;
}

function badId(row: Row, why: string): RecordingError {
  return new RecordingError("bad-rows", `${printable(row.file)}:${row.line}: the recording's id ${why}.`, {
    verdict: "give-up",
  });
}
