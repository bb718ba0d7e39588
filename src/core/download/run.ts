import { asRecordingError, RecordingError } from "../model/errors.ts";
import type { DownloadEvent, Summary } from "../model/events.ts";
import type { Received } from "../model/ports.ts";
import type { RecordingRef, Stored } from "../model/recording.ts";
import type { Adaptive } from "./adaptive.ts";
import { fetchRecording } from "./attempt.ts";
import type { DownloadPlan, DownloadPorts, DownloadSignals } from "./download-plan.ts";
import { feed } from "./feed.ts";
import { type Outcomes, openOutcomes, settleReplaced } from "./outcomes.ts";
import { expectAfter, pathOf, type Refetch } from "./refetch.ts";
import { openShutdown, type Shutdown } from "./shutdown.ts";
import { openTally, type Tally } from "./tally.ts";
import { openTheirs, type Theirs } from "./theirs.ts";

/** A run at work, as those see it who feed it. */
export interface Run {
  readonly ports: DownloadPorts;
  readonly plan: DownloadPlan;
  readonly shutdown: Shutdown;
  readonly tally: Tally;
  readonly tell: (event: DownloadEvent) => void;
  readonly outcomes: Outcomes;
  readonly contact: { answered: boolean };
  /** Recordings whose bytes are here and on their way to safety. */
  readonly settling: Set<Promise<void>>;
  /** Recordings that other runs hold, to be asked for again. */
  readonly theirs: Theirs;
  started: number;
  /** The cap that was reached while there was more to do. */
  cap?: string;
}

/** One recording to fetch, and whether that replaces another file of it. */
export interface Job {
  readonly ref: RecordingRef;
  readonly refetch?: Refetch;
}

const stopping =
  "Stopping: running transfers have five seconds to finish; press Ctrl-C again to stop at once. The same command continues later.";
/** Files received but not yet synced; bounds memory and lost work. */
const settlingLimit = 256;

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
  const theirs = openTheirs({ plan, shutdown, tell, clock: ports.clock });
  const run: Run = {
    ports,
    plan,
    tally,
    shutdown,
    tell,
    outcomes: openOutcomes({ ...ports, plan, shutdown, tell, taken: theirs.add }),
    contact: { answered: false },
    settling: new Set(),
    theirs,
    started: 0,
  };
  // Why nobody's Ctrl-C has stopped it is told at the end.
  const onStop = () => {
    if (asRecordingError(signals.stop.reason).code === "locked") return;
    run.tell({ event: "notice", level: "warning", message: stopping });
  };
  signals.stop.addEventListener("abort", onStop, { once: true });
  const endWork = () => plan.endWork?.();
  shutdown.stop.addEventListener("abort", endWork, { once: true });
  try {
    await feed(run, (job) => one(job, run));
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

/** What finds the number of transfers by trying, if anything does. */
function adaptiveOf({ transfers }: DownloadPlan): Adaptive | undefined {
  return typeof transfers === "number" ? undefined : transfers;
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
