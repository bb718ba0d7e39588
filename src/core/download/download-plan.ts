import type { DownloadEvent } from "../model/events.ts";
import type { Ledger } from "../model/ledger.ts";
import type { Clock, Destination, Expectation, LinkSource, Transfer } from "../model/ports.ts";
import type { RecordingKey, RecordingRef, SourceName } from "../model/recording.ts";
import type { RetryPolicy } from "../retry.ts";
import type { Adaptive } from "./adaptive.ts";
import type { Tolerance } from "./refetch.ts";
import type { Work } from "./work.ts";

/** What a run asks, fetches, keeps and tells with. */
export interface DownloadPorts {
  readonly sources: ReadonlyMap<SourceName, LinkSource>;
  readonly ledger: Ledger;
  readonly transfer: Transfer;
  /** The destination as this thread sees it, for what is already there. */
  readonly destination: Pick<Destination, "has" | "adopt" | "remove" | "withdraw">;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (event: DownloadEvent) => void;
}

/** Recordings to fetch, one piece after the other. */
export interface Line {
  readonly work: AsyncIterable<Work>;
  /** Takes at most so many of the recordings that the ledger wants, before any work; nothing once there are none for now. */
  readonly pull?: (most: number) => Promise<readonly RecordingRef[]>;
}

/** What a run is to fetch, and how. */
export interface DownloadPlan extends Line {
  /** Of other sources, fetched at the same time: what one of them waits for holds up none of the others. */
  readonly otherLines?: readonly Line[];
  /** Called when the run ends early: the work may then be waiting for an answer, or for leave to ask. */
  readonly endWork?: () => void;
  /** Downloads at once; an Adaptive hears of all that happens, has a number for each source, and may change its mind. */
  readonly transfers: number | Adaptive;
  readonly retry: RetryPolicy;
  readonly pathFor: (ref: RecordingRef) => string;
  readonly expect: (ref: RecordingRef) => Expectation;
  readonly caps: { readonly downloads?: number; readonly bytes?: number; readonly durationMs?: number };
  readonly failFast: boolean;
  /** Fetch although the archive has it. */
  readonly again: boolean;
  /** Ask again for what is believed to be gone, absent or forbidden. */
  readonly retryGone?: boolean;
  /** Fetch nothing: all that the work brings is only noted in the ledger as wanted. */
  readonly enqueueOnly?: boolean;
  /** Ask again at the end for what other runs hold, until it is settled or free; else that is told at once. */
  readonly outlastsOthers?: boolean;
  /** Keys that a person named: missing ones are `not-found`, not merely gone. */
  readonly named: ReadonlySet<RecordingKey>;
  readonly progress: boolean;
  /** How much shorter than its call a recording may be without being marked. */
  readonly tolerance?: Tolerance;
  /** The zone of the times in messages; the system's unless given. */
  readonly timezone?: string;
}

/** How a run is asked to end. */
export interface DownloadSignals {
  /** Start nothing new. */
  readonly stop: AbortSignal;
  /** Drop everything. */
  readonly abort: AbortSignal;
}
