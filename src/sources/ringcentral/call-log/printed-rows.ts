import { type Columns, columnsOf, isNullWord } from "../../../core/columns.ts";
import { RecordingError } from "../../../core/model/errors.ts";
import type { Call, RecordingRef, Row, RowFinding } from "../../../core/model/recording.ts";
import { printable } from "../../../core/text.ts";
import { damageOf, idRemedy, isLostObject, objectOfCell, unwrappedId } from "../../exported-cells.ts";
import { callOfTable, text } from "./call.ts";

type MakeRef = (id: string, contentUri: string | undefined, call: Call) => RecordingRef;
type Fields = Readonly<Record<string, unknown>>;

const idNames = ["recordingid", "callrecordingid", "rcrecordingid"] as const;
const contentNames = [
  "contenturi",
  "recordingcontenturi",
  "recordingcontenturl",
  "contenturl",
  "recordingurl",
  "recordinglink",
] as const;
const uriNames = ["recordinguri"] as const;
const nestedNames = ["recording", "recordings", "legs"] as const;
/** Columns by which a table shows that its `id` is a call's. */
const callNames = ["sessionid", "telephonysessionid", "callid", "partyid", "action", "result", "calllogid"] as const;
const cutRemedy = "Export again, with ConvertTo-Json -Depth 10 or the API's JSON as it came.";

/** Whether fields have a column that tells a recording, under whatever name. */
export function namesRecordings(fields: Fields): boolean {
  const columns = columnsOf(fields);
  return columns.has(...idNames, ...contentNames, ...uriNames) || flatLegs(columns).length > 0;
}

/** The recordings of a row that has columns. `id` is a recording's only where nothing else of a call log is there. */
export function findingOfTable(row: Row, makeRef: MakeRef): RowFinding {
  const columns = columnsOf(row.fields);
  refuseCut(columns, row);
  const [id, contentUri, uri] = [columns.value(...idNames), columns.value(...contentNames), columns.value(...uriNames)];
  refuseStructures([id, contentUri, uri], row);
  const own = { id: id ?? ownId(columns), contentUri: addressOf(contentUri), uri: addressOf(uri) };
  const parts = [own, ...furtherParts(columns, row)];
  const call = callOfTable(columns, row.start);
  const refs = new Map<string, RecordingRef>();
  for (const part of parts) {
    const named = idOfPart(part, row);
    if (named !== undefined && !refs.has(named)) refs.set(named, makeRef(named, part.contentUri, call));
  }
  if (refs.size > 0) return { refs: [...refs.values()] };
  refuseDoubt(columns, row);
  return { refs: [], absence: { reason: "no-recording", call } };
}

/** What columns that hold objects say, and those into which legs were flattened; most tables have neither. */
function furtherParts(columns: Columns, row: Row): Part[] {
  const nested = columns.has(...nestedNames)
    ? nestedNames.flatMap((name) => nestedParts(columns.value(name), name, row))
    : [];
  const legs = flatLegs(columns).map((leg) => ({
    id: columns.value(`${leg}id`),
    contentUri: addressOf(columns.value(`${leg}contenturi`)),
    uri: addressOf(columns.value(`${leg}uri`)),
  }));
  return nested.length + legs.length === 0 ? legs : [...nested, ...legs];
}

const ofRecordings = /^recording|^legs/;
const ofFlatLegs = /^legs\d+recording(?:id|contenturi)$/;

/** The value of `id`, where it cannot be a call's. */
function ownId(columns: Columns): unknown {
  const hasOther = columns.has(...idNames, ...contentNames, ...uriNames, ...nestedNames, ...callNames);
  return hasOther || columns.matching(ofRecordings).length > 0 ? undefined : columns.value("id");
}

/** `legs.0.recording.id` and its like: the beginnings of the plain names of each leg's recording. */
function flatLegs(columns: Columns): string[] {
  return columns.matching(ofFlatLegs).flatMap((name) => {
    const leg = /^legs\d+recording/.exec(name)?.[0];
    return leg === undefined ? [] : [leg];
  });
}

/** What a cell says that holds objects: one recording, several, or legs that have them. */
function nestedParts(cell: unknown, name: string, row: Row): Part[] {
  if (cell === undefined) return [];
  const value = typeof cell === "string" ? (objectOfCell(cell) ?? cell) : cell;
  if (typeof value === "string" && isLostObject(value)) {
    throw badRow(row, `its ${name} was cut by the tool that wrote it`, cutRemedy);
  }
  if (typeof value !== "object" || value === null) return scalarParts(value, name, row);
  return (Array.isArray(value) ? value : [value]).flatMap((each) => objectParts(each, name, row));
}

/** A cell without any structure: an address, an id, or whether the call was recorded at all. */
function scalarParts(value: unknown, name: string, row: Row): Part[] {
  const said = saidId(value);
  if (said === undefined || name === "legs" || /^(?:true|false|yes|no|[01])$/i.test(said)) return [];
  if (/\/recording\//.test(said)) return [{ id: undefined, contentUri: said }];
  if (/^\d/.test(said)) return [{ id: said, contentUri: undefined }];
  throw badRow(row, `its ${name} is neither an object nor an id`, cutRemedy);
}

function objectParts(value: unknown, name: string, row: Row): Part[] {
  if (typeof value === "string") return nestedParts(value, name, row);
  if (typeof value !== "object" || value === null) return [];
  const part = columnsOf(value as Fields);
  if (name === "legs") return nestedParts(part.value("recording"), "recording", row);
  refuseStructures([part.value("id"), part.value("contenturi"), part.value("uri")], row);
  const found = { id: part.value("id"), contentUri: text(part.value("contenturi")), uri: text(part.value("uri")) };
  const isStrange = Object.keys(value).length > 0 && !part.has("id", "contenturi", "uri");
  if (isStrange) throw badRow(row, `its ${name} has neither an id nor a contentUri`);
  return [found];
}

function addressOf(value: unknown): string | undefined {
  return text(typeof value === "string" ? value.trim() : undefined);
}

/** A row that ends before the columns that would tell its recording says nothing about it. */
function refuseCut(columns: Columns, row: Row): void {
  for (const names of [idNames, contentNames]) {
    if (columns.isCut(...names)) throw badRow(row, `it ends before its ${names.find((name) => columns.has(name))}`);
  }
}

/** An id or address that is a list, an object or a truth value says something, but not which recording is meant. */
function refuseStructures(values: readonly unknown[], row: Row): void {
  for (const value of values) {
    const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
    const isStrange = typeof value === "boolean" || (typeof value === "object" && value !== null && !isEmpty);
    if (isStrange && longOf(value) === undefined) {
      throw badRow(row, `its id or address is neither text nor a number (${shown(JSON.stringify(value))})`);
    }
  }
}

/** A number of 64 bits as MongoDB's tools write it in JSON. */
function longOf(value: unknown): string | undefined {
  const long = (value as { $numberLong?: unknown } | null | undefined)?.$numberLong;
  return typeof long === "string" ? long : undefined;
}

/** A row without a recording must say so: by an empty column for it, and not by having none. */
function refuseDoubt(columns: Columns, row: Row): void {
  const knows = namesRecordings(row.fields) || columns.has(...nestedNames);
  if (!knows && (columns.has(...callNames) || !columns.has("id"))) {
    throw badRow(row, "it has neither a recording id nor a contentUri");
  }
  const said = columns.value(...nestedNames);
  const hasIds = columns.has(...idNames, ...contentNames, ...uriNames);
  if (!hasIds && /^(?:true|yes|1)$/i.test(String(said ?? ""))) {
    throw badRow(row, "it says that the call was recorded, but no column names the recording");
  }
  const id = saidId(columns.value("id"));
  const alone = !columns.has(...idNames, ...uriNames, ...nestedNames, ...callNames);
  if (knows && alone && id !== undefined && isRecordingId(id) && id.length >= 9) {
    throw badRow(row, `its contentUri is empty, and ${id} may be a recording's id or a call's`);
  }
}

/** What a row says of one recording: an id, and addresses that hold it too. */
export interface Part {
  readonly id: unknown;
  readonly contentUri: string | undefined;
  /** The recording's own address, without `/content`. */
  readonly uri?: string | undefined;
}

/**
 * The id that a part speaks of; undefined when it names none. Throws `bad-rows` for an id that a spreadsheet has damaged
 * (unless an address beside it tells which it was), one that is none of RingCentral's, and ids that disagree.
 */
export function idOfPart({ id, contentUri, uri }: Part, row: Row): string | undefined {
  const [fromContent, fromOwn] = [idOfUri(contentUri), idOfUri(uri)];
  if (contentUri !== undefined && fromContent === undefined) {
    const why = severalAddresses.test(contentUri.trim()) ? "is more than one address" : "names no recording";
    throw badRow(row, `its contentUri (${shown(contentUri)}) ${why}`);
  }
  const fromUri = fromContent ?? fromOwn;
  if (fromOwn !== undefined && fromOwn !== fromUri) throw badRow(row, "its addresses disagree");
  const said = saidId(id);
  if (said === undefined) return fromUri;
  const damage = damageOf(said);
  if (damage !== undefined && fromUri !== undefined) return fromUri;
  if (damage !== undefined) throw badRow(row, `its id ${shown(said)} is ${damage}`, idRemedy);
  if (!isRecordingId(said)) throw badRow(row, `"${shown(said)}" is not a recording id, which has digits only`);
  if (fromUri !== undefined && fromUri !== said) {
    throw badRow(row, `its id ${said} disagrees with its contentUri, which names ${fromUri}`);
  }
  return said;
}

/** The text of an id cell; undefined where there is none. */
export function saidId(id: unknown): string | undefined {
  if (typeof id === "number" || typeof id === "bigint") return String(id);
  const said = typeof id === "string" ? unwrappedId(id) : (longOf(id) ?? "");
  return isNullWord(said) ? undefined : said;
}

/** Whether a text looks like one of RingCentral's recording ids: digits. */
export function isRecordingId(id: string): boolean {
  return /^\d{1,20}$/.test(id);
}

/** Almost all addresses: nothing in them is to be resolved or decoded. */
const plainUri =
  /^https:\/\/(?:[a-z]+\.)?ringcentral\.com\/restapi\/v1\.0\/account\/(?:\d+|~)\/recording\/(\d{1,20})(?:\/content)?\/?$/;

/** The id inside a contentUri or a recording's own URI, absolute or relative. */
export function idOfUri(uri: string | undefined): string | undefined {
  if (uri === undefined) return undefined;
  return plainUri.exec(uri)?.[1] ?? idOfAnyUri(uri);
}

const severalAddresses = /[\s,;|](?:https?:\/)?\/|.https?:\/\//i;

/** The same for every address, by the rules of URLs. */
export function idOfAnyUri(uri: string): string | undefined {
  const base = "https://media.ringcentral.com";
  // Several addresses in one text would be taken for the last of them.
  if (severalAddresses.test(uri.trim())) return undefined;
  if (!/^(?:https?:\/)?\//i.test(uri) || !URL.canParse(uri, base)) return undefined;
  const found = /\/recording\/(\d{1,20})(?:\/content)?\/?$/.exec(new URL(uri, base).pathname);
  return found?.[1];
}

/** The error for a row that costs itself and no other. */
export function badRow(row: Row, why: string, remedy = ""): RecordingError {
  const where = `${printable(row.file)}:${row.line}`;
  return new RecordingError("bad-rows", `${where}: not a RingCentral recording: ${why}. ${remedy}`.trimEnd(), {
    verdict: "give-up",
  });
}

/** An address is shown without what may hold a token. */
function shown(text: string): string {
  const bare = /\/\/|token/i.test(text) ? text.replace(/[?#].*$/s, "") : text;
  return printable(bare).slice(0, 120);
}
