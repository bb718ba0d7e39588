import { type RetryPolicy, retried, retryDelay } from "../retry.ts";
/*
 * What every recording has anew is a class, where all else is functions that return plain objects: V8 gives each
 * literal with getters or methods a shape of its own, at ten times the time and memory, and code that uses it never
 * gets fast.
 */

import { asRecordingError, maybeSent, RecordingError } from "../model/errors.ts";
import type { DownloadEvent } from "../model/events.ts";
import type { Clock, Expectation, LinkSource, Received, Transfer, TransferHooks } from "../model/ports.ts";
import type { Link, RecordingRef, SourceName } from "../model/recording.ts";

export interface FetchContext {
  readonly source: LinkSource;
  readonly transfer: Transfer;
  readonly clock: Clock;
  readonly random: () => number;
  readonly retry: RetryPolicy;
  readonly report: (event: DownloadEvent) => void;
  /** Bytes are reported too, for bars. */
  readonly progress: boolean;
  /** Told how many milliseconds after its link was asked for an attempt's answer began. */
  readonly firstByte?: (source: SourceName, ms: number) => void;
  /** Whether the source has answered anything in this run; set here. */
  readonly contact: { answered: boolean };
  /** Ends waits and new attempts. */
  readonly stop: AbortSignal;
  /** Cuts the running transfer. */
  readonly abort: AbortSignal;
}

/**
 * One recording from link to bytes, over as many attempts as the policy allows: a fresh link before each. Throws the
 * RecordingError of the last attempt, classified by the source.
 */
export async function fetchRecording(
  ref: RecordingRef,
  path: string,
  expect: Expectation,
  context: FetchContext,
): Promise<Received> {
  const started = context.clock.monotonic();
  let counted = 0;
  let renewals = 0;
  let failed: Link | undefined;
  async function tryOnce(): Promise<Received> {
    const outcome = await attemptOnce(ref, path, expect, failed, context);
    if ("received" in outcome) return outcome.received;
    failed = outcome.link;
    throw outcome.error;
  }
  function pauseAfter(thrown: unknown, attempt: number): number {
    const error = context.source.classifyFailure(asRecordingError(thrown), ref, renewals);
    if (context.stop.aborted) throw error;
    if (error.verdict === "renew") {
      renewals += 1;
      reportAttempt(ref, error, attempt, 0, context);
      return 0;
    }
    if (error.code !== "rate-limited") counted += 1;
    const elapsedMs = context.clock.monotonic() - started;
    const tried = { counted, elapsedMs, answered: context.contact.answered };
    const delay = retryDelay(error, tried, context.retry, context.random);
    if (delay === undefined) throw error;
    failed = undefined;
    reportAttempt(ref, error, attempt, delay, context);
    reportLongWait(error, delay, context);
    return delay;
  }
  return retried(tryOnce, pauseAfter, (ms) => context.clock.sleep(ms, context.stop));
}

type Outcome = { received: Received } | { error: RecordingError; link: Link | undefined };

async function attemptOnce(
  ref: RecordingRef,
  path: string,
  expect: Expectation,
  failed: Link | undefined,
  context: FetchContext,
): Promise<Outcome> {
  let link: Link | undefined;
  try {
    link = await freshLink(ref, failed, context);
    return { received: await transferOnce(ref, path, expect, link, context) };
  } catch (thrown) {
    const error = asRecordingError(thrown);
    if (error.head !== undefined) context.contact.answered = true;
    return { error, link };
  }
}

/** A link young enough to be used: one that grew old while it was fetched or queued is thrown away. */
async function freshLink(ref: RecordingRef, failed: Link | undefined, context: FetchContext): Promise<Link> {
  for (let tries = 0; tries < 3; tries += 1) {
    const link = await context.source.link(ref, failed, context.stop);
    if (link.staleAfterMs === undefined) return link;
    if (context.clock.monotonic() - link.takenAt <= link.staleAfterMs) return link;
    link.answered?.(undefined, false);
  }
  throw new RecordingError(
    "link-expired",
    "The source answers so slowly that its links have expired when they arrive.",
    {
      verdict: "retry",
    },
  );
}

async function transferOnce(
  ref: RecordingRef,
  path: string,
  expect: Expectation,
  link: Link,
  context: FetchContext,
): Promise<Received> {
  const job = {
    source: ref.source,
    url: link.url,
    headers: link.headers,
    resumable: link.resumable,
    ...(link.login === undefined ? {} : { login: link.login }),
    path,
    expect,
  };
  let heard = false;
  const hooks: TransferHooks = {
    head(head) {
      heard = true;
      context.contact.answered = true;
      context.firstByte?.(ref.source, context.clock.monotonic() - link.takenAt);
      link.answered?.(head);
    },
    ...(context.progress ? { progress: progressReporter(ref, context) } : {}),
  };
  try {
    return await context.transfer.run(job, hooks, context.abort);
  } catch (error) {
    if (!heard) link.answered?.(undefined, maybeSent(error));
    throw error;
  }
}

const longWaitMs = 60_000;
const progressEveryMs = 100;

function progressReporter(ref: RecordingRef, { clock, report }: FetchContext): NonNullable<TransferHooks["progress"]> {
  let bytes = 0;
  let last = clock.monotonic();
  return (more, total) => {
    bytes += more;
    const now = clock.monotonic();
    if (now - last < progressEveryMs) return;
    last = now;
    report({ event: "recording-progress", key: ref.key, bytes, ...(total === undefined ? {} : { total }) });
  };
}

/** What the source itself asks for may take hours, or a month. */
function reportLongWait({ retryAfterMs }: RecordingError, delay: number, { clock, report }: FetchContext): void {
  if (retryAfterMs === undefined || delay < longWaitMs) return;
  report({ event: "waiting", reason: "the source's own pause (Retry-After)", untilMs: clock.now() + delay });
}

function reportAttempt(
  ref: RecordingRef,
  error: RecordingError,
  attempt: number,
  retryInMs: number,
  { report }: FetchContext,
): void {
  report({ event: "attempt-failed", key: ref.key, code: error.code, message: error.message, attempt, retryInMs });
}
