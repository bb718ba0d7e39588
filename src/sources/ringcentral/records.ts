import { RecordingError } from "../../core/errors.ts";
import type { Call, RecordingRef, Row, RowFinding } from "../../core/recording.ts";
import { callOfColumns, callOfRecord, text } from "./calls.ts";

type Fields = Readonly<Record<string, unknown>>;

const mostLegs = 1000;

/**
 * Which recordings a row speaks of: a call-log record as the API returns it, a recording as `callreel list --json` or
 * `--error-file` wrote it, or a plain row with `recordingId`, `contentUri` or `id`.
 */
export function recordingsOf(row: Row): RowFinding {
  const { fields } = row;
  if (fields.source === "ringcentral" && isObject(fields.locator)) return { refs: [refOfOurs(row)] };
  if (isRecord(fields)) return findingOfRecord(fields);
  return { refs: [refOfColumns(row)] };
}

/** A recording that text names: an id, a contentUri, or a permanent path; undefined when it is none of them. */
export function namedRecording(name: string): RecordingRef | undefined {
  const path = /^(?:https?:\/\/[^/]+)?\/?(?:r\/)?ringcentral\/([^/?#]+)$/.exec(name);
  const encoded = path?.[1] ?? (/^[\w-]{1,128}$/.test(name) ? name : undefined);
  if (encoded !== undefined) {
    const id = recordingId(decoded(encoded));
    return id === undefined ? undefined : refOf(id, undefined, {});
  }
  const id = idOfUri(name);
  return id === undefined ? undefined : refOf(id, name, {});
}

/** The key of a recording. */
export function keyOf(id: string): string {
  return `ringcentral/${encodeURIComponent(id)}`;
}

function isRecord(fields: Fields): boolean {
  return (
    isObject(fields.recording) ||
    Array.isArray(fields.legs) ||
    (text(fields.sessionId) !== undefined && text(fields.startTime) !== undefined)
  );
}

function findingOfRecord(record: Fields): RowFinding {
  const legs = Array.isArray(record.legs) ? record.legs.slice(0, mostLegs).filter(isObject) : [];
  const found = new Map<string, RecordingRef>();
  let short = record.shortRecording === true;
  for (const part of [record, ...legs]) {
    if (part.shortRecording === true) short = true;
    const ref = refOfPart(part, record);
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
function refOfPart(part: Fields, record: Fields): RecordingRef | undefined {
  const { recording } = part;
  if (!isObject(recording)) return undefined;
  const contentUri = text(recording.contentUri);
  const id = recordingId(recording.id) ?? idOfUri(contentUri);
  return id === undefined ? undefined : refOf(id, contentUri, callOfRecord(part, record));
}

function refOfOurs(row: Row): RecordingRef {
  const { fields } = row;
  const id = recordingId(fields.id);
  const key = text(fields.key);
  if (id === undefined || (key !== undefined && key !== keyOf(id))) throw badRow(row, "its key and id do not fit");
  const locator = fields.locator as Fields;
  return refOf(id, text(locator.contentUri), callOfColumns(isObject(fields.call) ? fields.call : {}));
}

function refOfColumns(row: Row): RecordingRef {
  const fields = new Map(Object.entries(row.fields).map(([name, value]) => [name.trim().toLowerCase(), value]));
  const contentUri = text(fields.get("contenturi") ?? fields.get("recording.contenturi"));
  const id =
    recordingId(fields.get("recordingid") ?? fields.get("recording.id") ?? fields.get("recording_id")) ??
    idOfUri(contentUri) ??
    recordingId(fields.get("id"));
  if (id === undefined) throw badRow(row, "it has neither a recording id nor a contentUri");
  return refOf(id, contentUri, callOfColumns(Object.fromEntries(fields)));
}

function refOf(id: string, uri: string | undefined, call: Call): RecordingRef {
  const contentUri = withoutToken(uri);
  const locator = contentUri === undefined ? {} : { contentUri };
  return { key: keyOf(id), source: "ringcentral", id, locator, call };
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

function recordingId(value: unknown): string | undefined {
  const id = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== "string") return undefined;
  const trimmed = id.trim();
  return /^[^\s\p{C}/\\]{1,128}$/u.test(trimmed) && !/^\.+$/.test(trimmed) ? trimmed : undefined;
}

/** The id inside a contentUri or a recording's own URI. */
function idOfUri(uri: string | undefined): string | undefined {
  if (uri === undefined || !URL.canParse(uri)) return undefined;
  const found = /\/recording\/([^/]+)(?:\/content)?\/?$/.exec(new URL(uri).pathname);
  return found?.[1] === undefined ? undefined : recordingId(decoded(found[1]));
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

function badRow(row: Row, why: string): RecordingError {
  return new RecordingError("bad-rows", `${row.file}:${row.line}: not a RingCentral recording: ${why}.`);
}
