/*
 * A transfer is plain data (`TransferJob`), so that it can cross into a worker thread together with its destination.
 */

import type { ErrorParts } from "../core/model/errors.ts";
import type { TransferJob } from "../core/model/ports.ts";
import type { ResponseHead, SourceName, Stored } from "../core/model/recording.ts";
import type { DiskSettings } from "../destinations/disk/disk.ts";
import type { HttpSettings, RequestLog } from "../http/client.ts";

/** What a thread needs to work alone: how to reach each source's logins, and the archive. */
export interface ThreadSettings {
  readonly http: Readonly<Partial<Record<SourceName, readonly HttpSettings[]>>>;
  readonly dest: string;
  readonly disk: DiskSettings;
  readonly logRequests: boolean;
}

export interface RunOrder {
  readonly order: "run";
  readonly id: number;
  readonly job: TransferJob;
  /** Which of the asker's signals cuts the job. */
  readonly signal: number;
  readonly progress: boolean;
}

/** Told to a thread. */
export type Order =
  | RunOrder
  | { readonly order: "cut"; readonly signal: number; readonly error: ErrorParts }
  | { readonly order: "close" };

/** Told by a thread, "ready" first; `id` is the job's. */
export type News =
  | { readonly news: "head"; readonly id: number; readonly head: ResponseHead }
  | { readonly news: "progress"; readonly id: number; readonly bytes: number; readonly total: number | undefined }
  | { readonly news: "received"; readonly id: number }
  | { readonly news: "settled"; readonly id: number; readonly stored: Stored }
  | { readonly news: "failed"; readonly id: number; readonly error: ErrorParts }
  | { readonly news: "request"; readonly entry: RequestLog }
  | { readonly news: "ready" }
  | { readonly news: "closed" };

/**
 * Collects what is to be told within `waitMs` (or one turn of the event loop) into one message: to wake another thread
 * costs as much as ten lines of text.
 */
export function inBatches<T>(post: (batch: readonly T[]) => void, waitMs = 0): (message: T) => void {
  let batch: T[] = [];
  const flush = () => {
    const full = batch;
    batch = [];
    post(full);
  };
  return (message) => {
    batch.push(message);
    if (batch.length > 1) return;
    if (waitMs === 0) setImmediate(flush);
    else setTimeout(flush, waitMs);
  };
}
