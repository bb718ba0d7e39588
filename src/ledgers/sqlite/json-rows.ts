import type { CallMarks } from "../../core/download/call-traits.ts";
import type { Direction } from "../../core/model/recording.ts";
import { type RecordingRow, refColumns } from "../recording-row.ts";

const ownColumns = [
  "seq",
  "state",
  "path",
  "bytes",
  "sha256",
  "content_type",
  "audio_seconds",
  "note",
  "etag",
  "attempts",
  "error_code",
  "error_message",
  "evidence",
  "short",
  "damage",
  "first_seen",
  "changed",
  "run_id",
  "lease_owner",
  "named",
  "transcripts",
] as const satisfies readonly Exclude<keyof RecordingRow, (typeof refColumns)[number]>[];

/** SQL for a RecordingRow as JSON: pages read so cost a fraction of what row objects cost. */
export const rowAsJson = asJson([...refColumns, ...ownColumns]);

/** What tells a row from others: its key, its place in the order of starts, its state. */
export type BriefRow = Pick<RecordingRow, "key" | "start" | "seq" | "state" | "lease_owner">;

/** SQL for a BriefRow as JSON. */
export const briefAsJson = asJson(["key", "start", "seq", "state", "lease_owner"] satisfies (keyof BriefRow)[]);

/** SQL for what `marksOf` reads, as JSON: an array costs less than an object. */
export const marksAsJson = "json_array(start, duration, direction, from_number, to_number, session)";

type MarksRow = readonly [string, number | null, Direction | null, string | null, string | null, string | null];

/** What tells a row's call from others. */
export function marksOf([start, duration, direction, from, to, session]: MarksRow): CallMarks {
  // Assigned one by one: this is asked of each row, and spreading absent fields costs more than all the rest.
  const marks: { -readonly [Field in keyof CallMarks]: CallMarks[Field] } = {};
  if (start !== "") marks.start = start;
  if (duration !== null) marks.duration = duration;
  if (direction !== null) marks.direction = direction;
  if (from !== null) marks.from = from;
  if (to !== null) marks.to = to;
  if (session !== null) marks.session = session;
  return marks;
}

/** SQL for what `heldFileOf` reads, as JSON; only of rows that `isHeldWell`. */
export const heldAsJson = "json_array(path, bytes, audio_seconds, duration)";

function asJson(columns: readonly (keyof RecordingRow)[]): string {
  return `json_object(${columns.map((name) => `'${name}', ${name}`).join(", ")})`;
}
