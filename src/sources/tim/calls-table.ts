import { type Columns, columnsOf, isNullWord, plainName } from "../../core/columns.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { Call, Direction, RecordingRef, Row, RowFinding } from "../../core/model/recording.ts";
import { printable } from "../../core/text.ts";
import { damageOf, idRemedy, unwrappedId } from "../exported-cells.ts";
import { idsOfKey, keyOf, type TimIds } from "./recording-key.ts";

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
      `${shown.join(", ") || "none"}${found.length > 30 ? ", …" : ""}. Give other names with --map voicefilename=COLUMN, ` +
      "rows without a header with --columns.",
    { verdict: "give-up" },
  );
}

function idText(name: (typeof needed)[number], columns: Columns, row: Row): string {
  if (columns.isCut(name)) throw badId(row, `is not there: the row ends before its ${name}`);
  const value = columns.value(name);
  if (typeof value === "number" && !Number.isSafeInteger(value))
    throw badId(row, "is a number too large to be read exactly; write it as text");
  if (!isPlain(value)) throw badId(row, `is neither text nor a number: see its ${name}`);
  if (value === undefined && hasTwin(name, row))
    throw badId(row, `has an empty ${name}, and another column of that name has one. ${twinRemedy}`);
  const text = unwrappedId(textOf(value)?.replace(/^\0+$/, "") ?? "");
  if (isNullWord(text)) return "";
  const damage = damageOf(text);
  if (damage !== undefined) {
    throw badId(row, `was damaged: ${name} ${printable(text).slice(0, 60)} is ${damage}. ${idRemedy.slice(0, -1)}`);
  }
  return text;
}

/** Text, a number or nothing; an empty object or list, as converters from XML write it, is nothing too. */
function isPlain(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return typeof value !== "boolean";
}

const twinRemedy = "Say which column counts with --map voicefilename=COLUMN, and so for the other ids";

/** Whether a column of another table in a join (`archive.voicefilename`) has what the first one of that name lacks. */
function hasTwin(name: string, { fields }: Row): boolean {
  const isTwin = (key: string) => key.includes(".") && plainName(key.split(".").at(-1) as string) === name;
  return Object.keys(fields).some((key) => isTwin(key) && fields[key] != null);
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

/**
 * What the other known columns tell of the call. Times are kept as the site's own, only written as ISO 8601; a value that
 * does not say for certain what it means is left out. `start` is what the reader made of the columns for it.
 */
export function callOf(columns: Pick<Columns, "value">, known: string | undefined): Call {
  const start = known ?? isoStart(textOf(columns.value("start", "starttime", "startedat")));
  const duration = seconds(textOf(columns.value("duration", "durationseconds", "callduration")));
  const direction = directionOf(textOf(columns.value("direction", "calldirection")));
  const extension = textOf(columns.value("extension", "extensionnumber", "ext"));
  const name = textOf(columns.value("name", "username", "agent", "agentname"));
  const number = textOf(columns.value("number", "phonenumber", "callernumber"));
  // The outside party's number and the inside one's extension.
  const [from, to] = direction === "inbound" ? [number, extension] : [direction && extension, number];
  // Assigned one by one: spreading absent fields costs more than all the rest of reading a row.
  const call: { -readonly [Field in keyof Call]: Call[Field] } = {};
  if (start !== undefined) call.start = start;
  if (duration !== undefined) call.duration = duration;
  if (direction !== undefined) call.direction = direction;
  if (from !== undefined) call.from = from;
  if (to !== undefined) call.to = to;
  if (extension !== undefined) call.extension = extension;
  if (name !== undefined) call.name = name;
  return call;
}

/** A column's value as text without blanks around it; undefined for null, empty and anything that is no plain value. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  return text === "" ? undefined : text;
}

const timestamp =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: *(Z|[+-]\d\d:?\d\d))?)?$/i;

/** `2024-05-01 09:03:07.1230000` as `2024-05-01T09:03:07.123`; other orders of day and month are ambiguous. */
function isoStart(text: string | undefined): string | undefined {
  const match = text === undefined ? null : timestamp.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction, zone] = match;
  if (!isDate(Number(year), Number(month), Number(day))) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const part = fraction === undefined || /^0+$/.test(fraction) ? "" : `.${fraction.slice(0, 3).padEnd(3, "0")}`;
  return `${year}-${month}-${day}T${hour.padStart(2, "0")}:${minute}:${second}${part}${offset(zone)}`;
}

function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  return day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function offset(zone: string | undefined): string {
  if (zone === undefined) return "";
  return /z/i.test(zone) ? "Z" : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
}

/** `125`, `125.0`, `2:05` or `00:02:05.0000000`. */
function seconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Number(text);
  const match = /^(?:(\d{1,4}):)?(\d{1,4}):([0-5]\d)(?:\.\d+)?$/.exec(text);
  if (match === null) return undefined;
  const [, hours = "0", minutes, rest] = match;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

const directions: Readonly<Record<string, Direction>> = {
  inbound: "inbound",
  incoming: "inbound",
  in: "inbound",
  i: "inbound",
  outbound: "outbound",
  outgoing: "outbound",
  out: "outbound",
  o: "outbound",
  internal: "internal",
  int: "internal",
};

function directionOf(text: string | undefined): Direction | undefined {
  const word = text?.toLowerCase() ?? "";
  return Object.hasOwn(directions, word) ? directions[word] : undefined;
}

const texts = ["start", "from", "to", "extension", "user", "name", "type", "session", "account", "callId"] as const;

/** The `call` of a recording that was printed as JSON, as far as its fields are what they should be. */
export function callOfRef(value: unknown): Call {
  if (typeof value !== "object" || value === null) return {};
  const fields = value as Record<string, unknown>;
  const call: Record<string, unknown> = {};
  for (const name of texts) {
    const text = fields[name];
    if (typeof text === "string" && text !== "" && text.length <= 1000) call[name] = text;
  }
  if (typeof fields.duration === "number" && fields.duration >= 0) call.duration = fields.duration;
  if (isDirection(fields.direction)) call.direction = fields.direction;
  return call;
}

function isDirection(value: unknown): value is Direction {
  return value === "inbound" || value === "outbound" || value === "internal";
}
