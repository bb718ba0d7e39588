import type { ServerResponse } from "node:http";
import { asRecordingError, type ErrorCode, type RecordingError } from "../../core/model/errors.ts";
import type { Clock } from "../../core/model/ports.ts";
import type { RecordingRef } from "../../core/model/recording.ts";
import { refuse } from "../respond.ts";
import type { Fetch, Fetches } from "./fetches.ts";
import type { Growing } from "./growing-recording.ts";

/** How long a listener is kept waiting for a fetch before being told to come again. */
const patienceMs = 25_000;
/** A wait at the rate limiter shorter than this is waited out. */
const shortWaitMs = 3_000;
const lookMs = 200;
/** Most recordings are here as a whole within this time. */
const graceMs = 100;

/**
 * Waits until a missing recording can be heard: `stored` when it is in the archive, or as it is on its way there.
 * Otherwise, with undefined, the listener has been told: how long to wait (503 with Retry-After), or why it cannot be
 * had. The fetch itself goes on whatever becomes of the listener.
 */
export async function awaitFetch(
  ref: RecordingRef,
  fetches: Fetches,
  clock: Clock,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<Growing | "stored" | undefined> {
  const ended = new AbortController();
  const until = AbortSignal.any([signal, ended.signal]);
  try {
    const { done, audible } = fetches.fetch(ref);
    const outcome = await Promise.race([
      done.then(() => "stored" as const),
      afterGrace(audible, clock, until),
      wait(fetches, clock, until),
    ]);
    if (typeof outcome !== "number") return outcome;
    const seconds = Math.max(1, Math.ceil(outcome / 1000));
    refuse(response, 503, `The recording is being fetched from its source; it can be played in about ${seconds} s.`, {
      "retry-after": seconds,
    });
  } catch (thrown) {
    if (!signal.aborted) refuseError(asRecordingError(thrown), response);
  } finally {
    ended.abort();
  }
  return undefined;
}

/** Gives a short recording the time to arrive: from the archive it comes with its tag, and what is wrong with it is told. */
async function afterGrace(audible: Fetch["audible"], clock: Clock, signal: AbortSignal): Promise<Growing> {
  await audible(signal);
  await clock.sleep(graceMs, signal);
  return audible(signal);
}

/** Resolves with the milliseconds to tell a listener, once it is known that the wait is a long one. */
async function wait(fetches: Fetches, clock: Clock, signal: AbortSignal): Promise<number> {
  const start = clock.monotonic();
  for (;;) {
    // The rate limiter announces a wait only after the request has been queued.
    await clock.sleep(lookMs, signal);
    const held = fetches.heldUntil() - clock.now();
    if (held > shortWaitMs) return held;
    if (clock.monotonic() - start > patienceMs) return 5_000;
  }
}

const statuses: Partial<Record<ErrorCode, number>> = {
  gone: 404,
  "no-recording": 404,
  "not-found": 404,
  forbidden: 403,
  "not-ready": 503,
  locked: 503,
  "rate-limited": 503,
  interrupted: 503,
  ledger: 500,
  bug: 500,
};

/** Tells a listener what the source said, in words that name no host, no path and no login. */
export function refuseError({ code, retryAfterMs }: RecordingError, response: ServerResponse): void {
  const status = statuses[code] ?? 502;
  const retry = Math.ceil((retryAfterMs ?? 10_000) / 1000);
  refuse(response, status, words[status] ?? "The source could not give the recording.", {
    ...(status === 503 ? { "retry-after": retry } : {}),
  });
}

const words: Readonly<Record<number, string>> = {
  403: "The source does not permit this recording.",
  404: "There is no such recording.",
  500: "Something went wrong here.",
  503: "The recording is not ready yet.",
};
