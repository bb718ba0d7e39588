import type { Evidence } from "../core/download/evidence.ts";
import type { EntryState, HeldFile, LedgerEntry } from "../core/model/ledger.ts";
import type { AudioType, Call, Direction, RecordingRef, SourceName, Stored } from "../core/model/recording.ts";
import type { Transcript } from "../core/transcripts/spoken.ts";
import { keptLocator } from "./claim-rules.ts";

/** A row of `recordings` as SQLite gives it. */
export interface RecordingRow {
  readonly seq: number;
  readonly key: string;
  readonly source: string;
  readonly id: string;
  readonly state: string;
  readonly path: string | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly content_type: string | null;
  readonly audio_seconds: number | null;
  readonly note: string | null;
  readonly etag: string | null;
  readonly start: string;
  readonly duration: number | null;
  readonly direction: string | null;
  readonly from_number: string | null;
  readonly to_number: string | null;
  readonly extension: string | null;
  readonly user_name: string | null;
  readonly name: string | null;
  readonly type: string | null;
  readonly session: string | null;
  readonly account: string | null;
  readonly call_id: string | null;
  readonly locator: string;
  readonly attempts: number;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly evidence: string | null;
  readonly short: number | null;
  readonly damage: string | null;
  readonly first_seen: number;
  readonly changed: number;
  readonly run_id: string | null;
  readonly lease_owner: string | null;
  readonly named: number | null;
  readonly transcripts: string | null;
}

/** The columns that a ref fills, in the order of `refValues`. */
export const refColumns = [
  "key",
  "source",
  "id",
  "locator",
  "start",
  "duration",
  "direction",
  "from_number",
  "to_number",
  "extension",
  "user_name",
  "name",
  "type",
  "session",
  "account",
  "call_id",
] as const;

/** Whether a row is of a recording that is held and that nobody found damaged. */
export const isHeldWell = "state = 'done' AND damage IS NULL";

type HeldRow = readonly [string | null, number | null, number | null, number | null];

export function heldFileOf([path, bytes, audioSeconds, duration]: HeldRow): HeldFile {
  const held: { -readonly [Field in keyof HeldFile]: HeldFile[Field] } = { path: path ?? "", bytes: bytes ?? 0 };
  if (audioSeconds !== null) held.audioSeconds = audioSeconds;
  if (duration !== null) held.duration = duration;
  return held;
}

/** On a conflict: keeps what is known where the new ref does not say. */
export const refUpdates = refColumns
  .slice(3)
  .map((column) => `${column} = ${preferred(column)}`)
  .join(", ");

function preferred(column: string): string {
  if (column === "locator") return "CASE excluded.locator WHEN '{}' THEN recordings.locator ELSE excluded.locator END";
  if (column === "start") return "CASE excluded.start WHEN '' THEN recordings.start ELSE excluded.start END";
  return `coalesce(excluded.${column}, recordings.${column})`;
}

type Value = string | number | null;

export function refValues(ref: RecordingRef): Value[] {
  const { call } = ref;
  return [
    ref.key,
    ref.source,
    text(ref.id) ?? "",
    JSON.stringify(keptLocator(ref.locator)),
    text(call.start) ?? "",
    call.duration ?? null,
    call.direction ?? null,
    text(call.from),
    text(call.to),
    text(call.extension),
    text(call.user),
    text(call.name),
    text(call.type),
    text(call.session),
    text(call.account),
    text(call.callId),
  ];
}

/** SQLite ends a text at its first NUL. */
function text(value: string | undefined): string | null {
  if (value === undefined) return null;
  return value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value;
}

export function refOf(row: RecordingRow): RecordingRef {
  return {
    key: row.key,
    source: row.source as SourceName,
    id: row.id,
    locator: JSON.parse(row.locator) as Record<string, string>,
    call: callOf(row),
    ...(row.named === 1 && { named: true }),
  };
}

function callOf(row: RecordingRow): Call {
  // Plain assignments: conditional spreads cost more than reading the row from the file.
  const call: { -readonly [Name in keyof Call]: Call[Name] } = {};
  if (row.start !== "") call.start = row.start;
  if (row.duration !== null) call.duration = row.duration;
  if (row.direction !== null) call.direction = row.direction as Direction;
  if (row.from_number !== null) call.from = row.from_number;
  if (row.to_number !== null) call.to = row.to_number;
  if (row.extension !== null) call.extension = row.extension;
  if (row.user_name !== null) call.user = row.user_name;
  if (row.name !== null) call.name = row.name;
  if (row.type !== null) call.type = row.type;
  if (row.session !== null) call.session = row.session;
  if (row.account !== null) call.account = row.account;
  if (row.call_id !== null) call.callId = row.call_id;
  return call;
}

/** The state a row is in; `lives` says whether the run that holds its lease still does. What is held is so whoever fetches it again. */
export function stateOf(
  row: Pick<RecordingRow, "state" | "lease_owner">,
  lives: (owner: string) => boolean,
): EntryState {
  return row.state !== "done" && row.lease_owner !== null && lives(row.lease_owner)
    ? "claimed"
    : (row.state as EntryState);
}

/** The entry of a row. */
export function entryOf(row: RecordingRow, lives: (owner: string) => boolean): LedgerEntry {
  const state = stateOf(row, lives);
  const leased = state === "claimed";
  return {
    ref: refOf(row),
    state,
    ...(row.state === "done" && { stored: storedOf(row) }),
    ...(row.state === "done" && row.damage !== null && { damage: row.damage }),
    ...(row.state === "done" && row.transcripts !== null && { transcripts: transcriptsOf(row.transcripts) }),
    attempts: row.attempts,
    ...(row.error_code !== null && { lastError: { code: row.error_code, message: row.error_message ?? "" } }),
    ...(row.evidence !== null && { evidence: evidenceOf(row.evidence) }),
    firstSeenMs: row.first_seen,
    changedMs: row.changed,
    runId: (leased ? row.lease_owner : row.run_id) ?? "",
  };
}

function transcriptsOf(column: string): readonly Transcript[] {
  return JSON.parse(column) as Transcript[];
}

/** The evidence that a column holds. */
export function evidenceOf(column: string): Evidence {
  return JSON.parse(column) as Evidence;
}

function storedOf(row: RecordingRow): Stored {
  return {
    path: row.path ?? "",
    bytes: row.bytes ?? 0,
    sha256: row.sha256 ?? "",
    contentType: row.content_type as AudioType,
    ...(row.audio_seconds !== null && { audioSeconds: row.audio_seconds }),
    ...(row.note !== null && { note: row.note }),
    ...(row.etag !== null && { etag: row.etag }),
    ...(row.short !== null && { short: true }),
  };
}
