/*
 * The player fetches as a download does: its work comes from listeners instead of rows, so claims, budget, checks and
 * run records are the same, and a recording is asked for once however many listen.
 */

import { randomUUID } from "node:crypto";
import type { DownloadPlan, DownloadPorts } from "../../core/download/download-plan.ts";
import { download } from "../../core/download/run.ts";
import type { Work } from "../../core/download/work.ts";
import { type ErrorCode, RecordingError } from "../../core/model/errors.ts";
import type { DownloadEvent } from "../../core/model/events.ts";
import type { Archive } from "../../core/model/ledger.ts";
import type { RecordingKey, RecordingRef } from "../../core/model/recording.ts";
import type { Growing } from "./growing-recording.ts";
import type { Follower, Tee } from "./tee.ts";

export interface FetchPorts {
  readonly ledger: Archive;
  /** Stands before the destination that the transfers write to. */
  readonly tee: Pick<Tee, "follow">;
  readonly ports: Omit<DownloadPorts, "ledger" | "report">;
  /** How recordings are fetched and named; the work comes from the listeners. */
  readonly plan: Omit<DownloadPlan, "work" | "endWork" | "named" | "progress">;
  readonly report: (event: DownloadEvent) => void;
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
}

/** One recording on its way. */
export interface Fetch {
  /** Resolves when the recording is in the archive. */
  readonly done: Promise<void>;
  /** Resolves as soon as there is something to hear. */
  audible(signal: AbortSignal): Promise<Growing>;
}

/** Recordings on their way into the archive because somebody wants to hear them. */
export interface Fetches {
  /** Whoever asks while the recording is on its way gets the same fetch. */
  fetch(ref: RecordingRef): Fetch;
  /** Until when the source lets nobody through, as far as it said so; wall-clock milliseconds. */
  heldUntil(): number;
  /** Hears what sources and transfers tell. */
  hear(event: DownloadEvent): void;
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

interface Wanted extends Fetch {
  readonly ref: RecordingRef;
  /** The recording is in the archive, with this hash if it came just now; or why not. */
  settle(outcome: RecordingError | string | undefined): void;
}

/**
 * Fetches what listeners want as one download whose work comes one by one: it begins with the first missing recording,
 * ends when none is wanted any more, and is a run in the ledger like any other.
 */
export function openFetches({ ledger, tee, ports, plan, report, stop, abort }: FetchPorts): Fetches {
  const wanted = new Map<RecordingKey, Wanted>();
  let queue: RecordingRef[] = [];
  let wake: () => void = () => {};
  let running: Promise<void> | undefined;
  let heldUntil = 0;
  let leaving = false;
  stop.addEventListener("abort", () => wake());

  /** The run starts nothing more: its work must end too. */
  function endWork(): void {
    leaving = true;
    wake();
  }

  async function* work(): AsyncIterable<Work> {
    while (wanted.size > 0 && !leaving && !stop.aborted) {
      const refs = queue;
      queue = [];
      if (refs.length > 0) yield { refs, events: [] };
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }

  function settle(key: RecordingKey | undefined, outcome: RecordingError | string | undefined): void {
    const found = key === undefined ? undefined : wanted.get(key);
    if (found === undefined) return;
    wanted.delete(found.ref.key);
    found.settle(outcome);
    if (wanted.size === 0) wake();
  }

  function hear(event: DownloadEvent): void {
    if (event.event === "waiting") heldUntil = Math.max(heldUntil, event.untilMs);
    report(event);
  }

  function follow(event: DownloadEvent): void {
    hear(event);
    if (event.event === "recording-done") settle(event.key, event.sha256);
    if (event.event === "recording-failed") settle(event.key, new RecordingError(event.code, event.message));
    if (event.event === "recording-skipped") {
      settle(event.key, event.reason === "done" ? undefined : skipped(event.reason));
    }
  }

  async function run(): Promise<void> {
    const runId = randomUUID();
    leaving = false;
    await ledger.begin({ runId, startedMs: ports.clock.now(), selection: { command: "serve" } });
    const all = { ...plan, work: work(), endWork, named: new Set<RecordingKey>(), progress: false };
    const summary = await download(all, { ...ports, ledger, report: follow }, { stop, abort });
    await ledger.finish(summary, summary.failed === 0 && summary.stoppedBy === undefined ? 0 : 3);
    const { code, message } = summary.stoppedBy ?? { code: "interrupted", message: "The fetch was abandoned." };
    failAll(new RecordingError(code, message));
  }

  function failAll(error: RecordingError): void {
    queue = [];
    for (const key of [...wanted.keys()]) settle(key, error);
  }

  function start(): void {
    if (running !== undefined) return;
    running = run()
      .catch((error: unknown) => failAll(new RecordingError("bug", "The fetch failed.", { cause: error })))
      .finally(() => {
        running = undefined;
      });
  }

  return {
    fetch(ref) {
      const known = wanted.get(ref.key);
      if (known !== undefined) return known;
      const one = asked(ref, tee.follow(ref.key));
      if (stop.aborted) {
        one.settle(new RecordingError("interrupted", "The player is shutting down."));
        return one;
      }
      wanted.set(ref.key, one);
      queue.push(ref);
      wake();
      start();
      return one;
    },
    heldUntil: () => heldUntil,
    hear,
    async close() {
      await running;
    },
  };
}

function asked(ref: RecordingRef, follower: Follower): Wanted {
  let resolve: () => void = () => {};
  let reject: (error: RecordingError) => void = () => {};
  const done = new Promise<void>((...settle) => {
    [resolve, reject] = settle;
  });
  done.catch(() => {});
  return {
    ref,
    done,
    audible: follower.audible,
    settle(outcome) {
      const failed = outcome instanceof RecordingError;
      follower.end(failed ? undefined : outcome);
      if (failed) reject(outcome);
      else resolve();
    },
  };
}

type Skip = Extract<DownloadEvent, { event: "recording-skipped" }>["reason"];

/** Why the ledger gave no claim, as an error. */
function skipped(reason: Skip): RecordingError {
  const code: Partial<Record<Skip, ErrorCode>> = { claimed: "locked", repeated: "not-ready" };
  return new RecordingError(code[reason] ?? "not-found", `The recording is not available (${reason}).`);
}
