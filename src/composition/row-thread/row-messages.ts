import type { FoundBatch } from "../../core/download/found-rows.ts";
import type { ErrorParts } from "../../core/model/errors.ts";
import type { SourceName } from "../../core/model/recording.ts";
import type { DateRules, FileSettings } from "../../readers/index.ts";

/** What the thread that reads rows works by. Plain data, so that it can cross. */
export interface RowSettings {
  readonly files: readonly string[];
  readonly reader: FileSettings;
  readonly dates: DateRules;
  /** The system of rows that do not say it themselves. */
  readonly source: SourceName | undefined;
  /** The systems that there is a login for. */
  readonly logins: readonly SourceName[];
}

/** Told by the thread: the next batch, as JSON, for to copy objects costs a third more; at last how it ended. */
export type RowNews = { readonly batch: string } | { readonly end: { readonly error?: ErrorParts } };

/** Told to the thread: one more of its messages was taken. */
export type RowOrder = "taken";

export function textOf(batch: FoundBatch): string {
  return JSON.stringify(batch);
}

export function batchOf(text: string): FoundBatch {
  return JSON.parse(text) as FoundBatch;
}
