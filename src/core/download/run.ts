import { asRecordingError, RecordingError } from "../model/errors.ts";
import type { DownloadEvent, Summary } from "../model/events.ts";
import type { Claim } from "../model/ledger.ts";
import type { Received } from "../model/ports.ts";
import type { RecordingRef, Stored } from "../model/recording.ts";
import type { Adaptive } from "./adaptive.ts";
import { fetchRecording } from "./attempt.ts";
import type { DownloadPlan, DownloadPorts, DownloadSignals } from "./download-plan.ts";
import { isAbsence, isSettled } from "./evidence.ts";
import { openLanes } from "./lanes.ts";
import { type Outcomes, openOutcomes, settleReplaced } from "./outcomes.ts";
import { readAhead } from "./read-ahead.ts";
import { expectAfter, pathOf, type Refetch, withKnown } from "./refetch.ts";
import { openShutdown, type Shutdown } from "./shutdown.ts";
import { openTally, type Tally } from "./tally.ts";
import type { Work } from "./work.ts";

interface Run {
  readonly ports: DownloadPorts;
  readonly plan: DownloadPlan;
  readonly shutdown: Shutdown;
  readonly tally: Tally;
  readonly tell: (event: DownloadEvent) => void;
  readonly outcomes: Outcomes;
  readonly contact: { answered: boolean };
  /** Recordings whose bytes are here and on their way to safety. */
  readonly settling: Set<Promise<void>>;
  started: number;
  /** The cap that was reached while there was more to do. */
  cap?: string;
}

type Refusal = Extract<Claim, { granted: false }>;

/** One recording to fetch, and whether that replaces another file of it. */
interface Job {
  readonly ref: RecordingRef;
  readonly refetch?: Refetch;
}

const stopping =
  "Stopping: running transfers have five seconds to finish; press Ctrl-C again to stop at once. The same command continues later.";
/** Refs claimed at once: few enough to give back when the run stops, enough to make claims cheap. */
const claimSize = 256;
/** Files received but not yet synced; bounds memory and lost work. */
const settlingLimit = 256;
/** Recordings that are listed before their turn: enough to know early how many there are, few enough to hold. */
const mostAhead = 2000;

/**
 * Rows to files: claims, fetches and records everything `plan.work` brings, at most `transfers` at a time, and says
 * what it came to. Pulls work little faster than downloads finish. Never throws: what ended the run is in the summary.
 */
export async function download(plan: DownloadPlan, ports: DownloadPorts, signals: DownloadSignals): Promise<Summary> {
  const started = ports.clock.monotonic();
  const tally = openTally();
  const shutdown = openShutdown(signals, ports.clock, plan.caps.durationMs);
  const tell = (event: DownloadEvent) => {
    tally.hear(event);
    adaptiveOf(plan)?.hear(event);
    ports.report(event);
  };
  const run: Run = {
    ports,
    plan,
    tally,
    shutdown,
    tell,
    outcomes: openOutcomes({ ...ports, plan, shutdown, tell }),
    contact: { answered: false },
    settling: new Set(),
    started: 0,
  };
  const onStop = () => run.tell({ event: "notice", level: "warning", message: stopping });
  signals.stop.addEventListener("abort", onStop, { once: true });
  const endWork = () => plan.endWork?.();
  shutdown.stop.addEventListener("abort", endWork, { once: true });
  try {
    await feed(run);
  } catch (thrown) {
    run.shutdown.because(asRecordingError(thrown));
  } finally {
    await Promise.all(run.settling);
    signals.stop.removeEventListener("abort", onStop);
    shutdown.stop.removeEventListener("abort", endWork);
    run.shutdown.close();
  }
  const capped =
    run.cap &&
    new RecordingError(
      "cap-reached",
      `Stopped at ${run.cap}, and there is more: run the same command again to continue.`,
    );
  const ending = run.shutdown.reason ?? capped;
  if (ending) tally.stopped(ending);
  return tally.summary(ports.clock.monotonic() - started);
}

/** Keeps the transfers busy from the work, and waits for the last of them. */
async function feed(run: Run): Promise<void> {
  const lanes = openLanes(run.plan.transfers);
  try {
    for await (const work of untilEnded(run)) {
      for (const event of work.events) run.tell(event);
      for (let at = 0; at < work.refs.length && !hasEnded(run); at += claimSize) {
        await startChunk(work.refs.slice(at, at + claimSize), run, (job) =>
          lanes.start(job.ref.source, () => one(job, run)),
        );
      }
    }
  } finally {
    await lanes.ended();
  }
}

function adaptiveOf({ transfers }: DownloadPlan): Adaptive | undefined {
  return typeof transfers === "number" ? undefined : transfers;
}

async function* untilEnded(run: Run): AsyncIterable<Work> {
  const most = Math.min(mostAhead, run.plan.caps.downloads ?? Infinity);
  const known = { settled: 0 };
  const found = (recordings: number, complete: boolean) =>
    run.tell({ event: "found", recordings, settled: known.settled, complete });
  for await (const piece of readAhead(countingSettled(run, known), { most, found, end: () => run.plan.endWork?.() })) {
    if (hasEnded(run)) return;
    yield piece;
  }
}

/** The work as it comes; where somebody watches, with a look at how much of it needs no fetching. */
async function* countingSettled({ plan, ports }: Run, known: { settled: number }): AsyncIterable<Work> {
  for await (const piece of plan.work) {
    const entries = plan.progress ? await ports.ledger.entriesOf?.(piece.refs.map(({ key }) => key)) : undefined;
    known.settled += entries?.filter(isSettled).length ?? 0;
    yield piece;
  }
}

function hasEnded({ shutdown, cap }: Run): boolean {
  return shutdown.stop.aborted || cap !== undefined;
}

async function startChunk(refs: readonly RecordingRef[], run: Run, start: (job: Job) => Promise<void>): Promise<void> {
  const claims = await run.ports.ledger.claim(refs);
  for (const [index, ref] of refs.entries()) {
    const { claim, job } = await insisted(ref, claims[index] as Claim, run);
    if (!claim.granted) {
      notGranted(ref, claim, run);
    } else if (run.shutdown.stop.aborted || capReached(run)) {
      await run.outcomes.released(ref);
    } else {
      run.started += 1;
      await start(job);
    }
  }
}

/** Claims again what was refused but is to be fetched all the same, with what the ledger knows of it. */
async function insisted(ref: RecordingRef, claim: Claim, run: Run): Promise<{ claim: Claim; job: Job }> {
  const { ledger } = run.ports;
  const why = claim.granted ? undefined : whyAgain(ref, claim, run);
  if (why === undefined && !(claim.granted && ref.insist === true)) return { claim, job: { ref } };
  const entry = await ledger.entry?.(ref.key);
  const known = withKnown(ref, entry);
  const before = entry?.stored;
  if (why === "asked" || why === "short") {
    // What is under a legal hold is replaced by nothing.
    if (await ledger.isKept?.(known)) {
      const reason = why === "asked" ? "held" : "done";
      return { claim: { ...(claim as Refusal), reason }, job: { ref } };
    }
  }
  const refetch = before === undefined || why === undefined || why === "absent" ? {} : { refetch: { before, why } };
  return { claim: claim.granted ? claim : await ledger.reclaim(ref), job: { ref: known, ...refetch } };
}

function notGranted(ref: RecordingRef, { reason, path, evidence }: Refusal, run: Run): void {
  const where = path === undefined ? {} : { path };
  const why = evidence === undefined ? {} : { evidence };
  run.tell({ event: "recording-skipped", key: ref.key, reason, ...where, ...why, call: ref.call });
}

/** Why a recording is fetched although the ledger calls it done, or `absent`: believed not to be had. */
function whyAgain(ref: RecordingRef, claim: Refusal, run: Run): Refetch["why"] | "absent" | undefined {
  const { again, retryGone } = run.plan;
  if (claim.reason === "unproven" || isAbsence(claim.reason)) {
    return again || ref.insist === true || retryGone === true ? "absent" : undefined;
  }
  if (claim.reason !== "done" || run.outcomes.keptAsItIs(ref.key)) return undefined;
  if (claim.path !== undefined && run.ports.destination.has?.(claim.path) === false) return "missing";
  if (again) return "asked";
  return claim.short === true ? "short" : undefined;
}

/** Whether a cap forbids to start one more; those already started are let finish. */
function capReached(run: Run): boolean {
  const { caps } = run.plan;
  if (run.started >= (caps.downloads ?? Infinity)) run.cap ??= `--max-downloads ${caps.downloads}`;
  if (run.tally.bytes >= (caps.bytes ?? Infinity)) run.cap ??= "--max-transfer";
  return run.cap !== undefined;
}

/** One claimed recording to its end: done, failed or given back. Never throws. */
async function one({ ref, refetch }: Job, run: Run): Promise<void> {
  if (run.shutdown.stop.aborted) return run.outcomes.released(ref);
  const begun = run.ports.clock.monotonic();
  const finish = async (received: Promise<Stored>) => {
    try {
      const stored = await received;
      await run.outcomes.done(ref, stored, run.ports.clock.monotonic() - begun, refetch !== undefined);
      if (refetch !== undefined) await settleReplaced(ref, refetch.before, stored, { ...run.ports, tell: run.tell });
    } catch (thrown) {
      await run.outcomes.failed(ref, asRecordingError(thrown), refetch);
    }
  };
  try {
    const path = refetch === undefined ? run.plan.pathFor(ref) : pathOf(refetch);
    const expect = refetch === undefined ? run.plan.expect(ref) : expectAfter(run.plan.expect(ref), refetch);
    const mayStand = refetch === undefined ? !run.plan.again : refetch.why === "missing";
    const present = mayStand ? await run.ports.destination.adopt?.(path, expect) : undefined;
    if (present !== undefined) return await run.outcomes.adopted(ref, present);
    run.tell({ event: "recording-started", key: ref.key, call: ref.call });
    const received = await fetchRecording(ref, path, expect, fetchContext(ref, run));
    await settleLater(received, finish, run);
  } catch (thrown) {
    await finish(Promise.reject(asRecordingError(thrown)));
  }
}

function fetchContext(ref: RecordingRef, run: Run): Parameters<typeof fetchRecording>[3] {
  const { ports, plan, shutdown } = run;
  const source = ports.sources.get(ref.source);
  const firstByte = adaptiveOf(plan)?.firstByte;
  if (source === undefined) {
    throw new RecordingError("usage", `No settings for ${ref.source}; name it with --source and give its login.`);
  }
  return {
    source,
    transfer: ports.transfer,
    clock: ports.clock,
    random: ports.random,
    retry: plan.retry,
    report: run.tell,
    progress: plan.progress,
    contact: run.contact,
    ...(firstByte === undefined ? {} : { firstByte }),
    stop: shutdown.stop,
    abort: shutdown.abort,
  };
}

/** Frees the transfer slot while the file is made safe with its neighbours, but lets only so many wait. */
async function settleLater(
  received: Received,
  finish: (stored: Promise<Stored>) => Promise<void>,
  run: Run,
): Promise<void> {
  const settled: Promise<void> = finish(received.settled).finally(() => run.settling.delete(settled));
  run.settling.add(settled);
  if (run.settling.size >= settlingLimit) await Promise.race(run.settling);
}
