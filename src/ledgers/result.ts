import { RecordingError } from "../core/model/errors.ts";
import type { Call, RecordingKey, RecordingRef, Stored } from "../core/model/recording.ts";
import type { RecordingRow } from "./recording-row.ts";

/** What became of a claimed recording. */
export type Result =
  | { readonly ref: RecordingRef; readonly stored: Stored }
  | { readonly ref: RecordingRef; readonly error: RecordingError }
  | { readonly key: RecordingKey; readonly released: true };

/** What a result is held against. */
export type KnownRow = Pick<RecordingRow, "state" | "evidence" | "start" | "duration" | "lease_owner" | "named">;

/** The call as far as evidence asks for it. */
export function callOfRow({ start, duration }: Pick<KnownRow, "start" | "duration">): Call {
  return { ...(start === "" ? {} : { start }), ...(duration === null ? {} : { duration }) };
}

/** What became of a result; throws `lost-claim` where the claim was no longer ours. */
export function mustBeOurs<T>(outcome: T | "lost", { key }: RecordingRef): T {
  if (outcome !== "lost") return outcome;
  const message = `${key} was taken over or purged while this run made no progress; what this run had downloaded of it is dropped.`;
  throw new RecordingError("lost-claim", message);
}
