import type { Call, RecordingRef, Row, RowFinding } from "../../../core/model/recording.ts";
import { isLostObject, objectOfCell } from "../../exported-cells.ts";
import { pathOfVoicemail, voicemailIds, voicemailOfPath } from "../voicemail/keys.ts";
import { findingOfMessage, isMessage, voicemailRef } from "../voicemail/message-records.ts";
import { callOfPrinted, callOfRecord, text } from "./call.ts";
import { badRow, findingOfTable, idOfPart, idOfUri, isRecordingId, namesRecordings } from "./printed-rows.ts";

type Fields = Readonly<Record<string, unknown>>;

/** No call has as many: what does is no call-log record. */
const mostLegs = 10_000;

/**
 * Which recordings a row speaks of: a call-log record as the API returns it, a recording as `callreel list --json` or
 * `--error-file` wrote it, or a row of a table. Throws `bad-rows`, with the verdict to give up on this row alone.
 */
export function recordingsOf(row: Row): RowFinding {
  const { fields } = row;
  if (fields.source === "ringcentral" && isObject(fields.locator)) return { refs: [refOfOurs(row)] };
  if (isMessage(fields)) return findingOfMessage(fields, row);
  if (isRecord(fields)) return findingOfRecord(readable(fields, row), row);
  return findingOfTable(row, refOf);
}

/** A recording that text names: an id (not TIM's, which begins with NCS), a contentUri or a permanent path; else undefined. */
export function namedRecording(name: string): RecordingRef | undefined {
  const path = /^(?:https?:\/\/[^/]+)?\/?(?:r\/)?ringcentral\/((?:vm\/[^/?#]+\/)?[^/?#]+)$/.exec(name);
  const voicemail =
    voicemailIds(name) ?? voicemailOfPath(path?.[1] ?? (URL.canParse(name) ? new URL(name).pathname : ""));
  if (voicemail !== undefined) {
    const isAddress = URL.canParse(name) && path === null;
    return voicemailRef(voicemail, isAddress ? { contentUri: withoutToken(name) ?? "" } : {}, {});
  }
  const encoded = path?.[1] ?? (/^(?!NCS)[\w-]{1,128}$/i.test(name) ? name : undefined);
  if (encoded !== undefined) {
    const id = typedId(decoded(encoded));
    return id === undefined ? undefined : refOf(id, undefined, {});
  }
  const id = URL.canParse(name) ? idOfUri(name) : undefined;
  return id === undefined ? undefined : refOf(id, name, {});
}

/** The key of a recording. */
export function keyOf(id: string): string {
  if (isRecordingId(id)) return `ringcentral/${id}`;
  const voicemail = voicemailIds(id);
  if (voicemail !== undefined) return `ringcentral/${pathOfVoicemail(voicemail)}`;
  return `ringcentral/${encodeURIComponent(id)}`;
}

/** Objects as the API nests them; a table that was flattened is none, although it may be JSON. */
function isRecord(fields: Fields): boolean {
  if (isObject(fields.recording) || Array.isArray(fields.legs)) return true;
  if (fields.legs !== undefined || fields.recordings !== undefined || namesRecordings(fields)) return false;
  return text(fields.sessionId) !== undefined && text(fields.startTime) !== undefined;
}

/** A record whose nested objects a tool has written as text, read back. */
function readable(record: Fields, row: Row): Fields {
  const legs = Array.isArray(record.legs) ? record.legs.map((leg) => objectOf(leg, "legs", row)) : record.legs;
  return { ...record, recording: objectOf(record.recording, "recording", row), legs };
}

function objectOf(value: unknown, name: string, row: Row): unknown {
  if (typeof value !== "string" || value.trim() === "") return value;
  const object = objectOfCell(value);
  if (object !== undefined) return object;
  if (isLostObject(value)) throw badRow(row, `its ${name} was cut by the tool that wrote it`, cutRemedy);
  return value;
}

const cutRemedy = "Export again, with ConvertTo-Json -Depth 10 or the API's JSON as it came.";

function findingOfRecord(record: Fields, row: Row): RowFinding {
  const legs = Array.isArray(record.legs) ? record.legs.filter(isObject) : [];
  if (legs.length > mostLegs) throw badRow(row, `it has ${legs.length} legs`);
  const found = new Map<string, RecordingRef>();
  let short = record.shortRecording === true;
  for (const part of [record, ...legs]) {
    if (part.shortRecording === true) short = true;
    const ref = refOfPart(part, record, row);
    // The record comes first: a leg that repeats its recording says nothing new.
    if (ref !== undefined && !found.has(ref.key)) found.set(ref.key, ref);
  }
  if (found.size > 0) return { refs: [...found.values()] };
  return {
    refs: [],
    absence: { reason: short ? "short-recording" : "no-recording", call: callOfRecord(record, record) },
  };
}

/** The recording of a record or of one of its legs. */
function refOfPart(part: Fields, record: Fields, row: Row): RecordingRef | undefined {
  const { recording } = part;
  if (recording === undefined || recording === null || recording === "") return undefined;
  if (!isObject(recording)) throw badRow(row, "its recording is not an object");
  const contentUri = text(recording.contentUri);
  const id = idOfPart({ id: recording.id, contentUri, uri: text(recording.uri) }, row);
  if (id === undefined) throw badRow(row, "its recording has neither an id nor a contentUri");
  const call = callOfRecord(part, record);
  return refOf(
    id,
    contentUri,
    call.start === undefined && row.start !== undefined ? { ...call, start: row.start } : call,
  );
}

function refOfOurs(row: Row): RecordingRef {
  const { fields } = row;
  const locator = fields.locator as Fields;
  const contentUri = text(locator.contentUri);
  const key = text(fields.key);
  const id = typedId(fields.id);
  const fromUri = idOfUri(contentUri);
  const fits = id !== undefined && (key === undefined || key === keyOf(id)) && (fromUri ?? id) === id;
  if (!fits) throw badRow(row, "its key, id and contentUri do not match");
  const call = callOfPrinted(isObject(fields.call) ? fields.call : {});
  const voicemail = voicemailIds(id);
  return voicemail === undefined ? refOf(id, contentUri, call) : voicemailRef(voicemail, textsOf(locator), call);
}

function refOf(id: string, uri: string | undefined, call: Call): RecordingRef {
  const contentUri = withoutToken(uri);
  const locator = contentUri === undefined ? {} : { contentUri };
  return { key: keyOf(id), source: "ringcentral", id, locator, call };
}

/** A voicemail's addresses, as we printed them. */
function textsOf(locator: Fields): Readonly<Record<string, string>> {
  const entries = ["contentUri", "transcript", "transcription"].map((name) => [
    name,
    withoutToken(text(locator[name])),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Some exports carry a token in the address; a ref is stored and printed, so it must not. */
function withoutToken(uri: string | undefined): string | undefined {
  if (uri === undefined || !/access_token/i.test(uri)) return uri;
  if (!URL.canParse(uri)) return undefined;
  const url = new URL(uri);
  for (const name of [...url.searchParams.keys()]) if (/access_token/i.test(name)) url.searchParams.delete(name);
  url.hash = "";
  return url.href;
}

/** An id as a person types it or as we printed it. */
function typedId(value: unknown): string | undefined {
  const id = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== "string") return undefined;
  const trimmed = id.trim();
  return /^[^\s\p{C}/\\]{1,128}$/u.test(trimmed) && !/^\.+$/.test(trimmed) ? trimmed : undefined;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
