import { exitCodeOf } from "../../cli/exit-codes.ts";
import type { Invocation, Io } from "../../cli/io.ts";
import { asRecordingError, type RecordingError } from "../../core/model/errors.ts";
import type { DownloadEvent } from "../../core/model/events.ts";
import { formatDuration } from "../../core/text.ts";
import { openJumpWatch } from "../../core/watch/clock-jump.ts";
import type { Expectation } from "../../core/watch/expectation.ts";
import type { Looks } from "./looks.ts";
import type { Pulse } from "./pulse.ts";
import { openTrouble } from "./trouble.ts";
import type { Voice } from "./voice.ts";

/** What a watch works with. */
export interface WatchParts {
  readonly invocation: Invocation;
  readonly voice: Voice;
  readonly looks: Looks;
  readonly pulse: Pulse;
  readonly expectation: Expectation;
  /** Brings the archive up to the whole call log; resolves with the run's exit code. */
  readonly reconcile: () => Promise<number>;
}

const dayMs = 24 * 60 * 60_000;
/** After a comparison that could not be finished. */
const soonMs = 10 * 60_000;
/** How often the clocks are looked at meanwhile. */
const tickMs = 5_000;

/**
 * Looks again and again until the watch is stopped, and compares archive and call log at first, once a day, after a long
 * trouble and when the clock jumped. Failures that pass are told and outlasted; any other is thrown.
 */
export async function keepWatch(parts: WatchParts): Promise<void> {
  const { invocation, voice, looks } = parts;
  const { io } = invocation;
  const jumped = openJumpWatch(io.clock);
  const round = openRound(parts);
  const trouble = openTrouble(voice, io.clock, invocation.settings.timezone);
  try {
    while (!io.stop.aborted) {
      if (round.fault !== undefined) throw round.fault;
      await lookOnce(parts, round, trouble);
      const jump = await pauseUnlessJumped(parts, jumped, () => round.fault !== undefined);
      if (jump === 0) continue;
      voice.info(`The machine slept or its clock was set (${formatDuration(Math.abs(jump))}): looking at once.`);
      round.dueNow();
      await looks.renew();
    }
  } finally {
    await round.ended();
  }
}

type Round = ReturnType<typeof openRound>;

async function lookOnce(
  { invocation, looks, pulse, expectation }: WatchParts,
  round: Round,
  trouble: ReturnType<typeof openTrouble>,
): Promise<void> {
  const { io } = invocation;
  pulse.beat();
  expectation.looking(io.clock.monotonic());
  try {
    const end = await looks.look();
    if (io.stop.aborted) return;
    pulse.looked(end?.exitCode ?? 0);
    if (trouble.over() > soonMs) round.dueNow();
    round.beginIfDue();
  } catch (thrown) {
    const error = asRecordingError(thrown);
    if (io.stop.aborted) return;
    if (!passes(error, pulse.isProven)) throw error;
    pulse.failed(exitCodeOf(error.code));
    trouble.met(error, looks.pauseMs());
    await looks.renew();
  }
}

/**
 * Whether waiting may help: not where the login or the disk refuses. What the settings are refused for at once would be
 * refused again; after looks that went well it is an odd answer.
 */
function passes({ code }: RecordingError, isProven: boolean): boolean {
  const exitCode = exitCodeOf(code);
  return [3, 5, 11].includes(exitCode) || (exitCode === 2 && isProven);
}

/** Sleeps until a look is due; returns early, and by how much, when the clocks went apart meanwhile. */
async function pauseUnlessJumped(
  { invocation, looks, pulse, expectation }: WatchParts,
  jumped: () => number,
  isOver: () => boolean,
): Promise<number> {
  const { clock, stop } = invocation.io;
  const pauseMs = looks.pauseMs();
  for (;;) {
    const jump = jumped();
    const left = expectation.dueMs(pauseMs) - clock.monotonic();
    if (jump !== 0 || left <= 0 || stop.aborted || isOver()) return jump;
    pulse.beat();
    await clock.sleep(Math.min(tickMs, left), stop).catch(() => {});
  }
}

/** The daily comparison, which goes on beside the looks. */
function openRound({ invocation, voice, pulse, reconcile }: WatchParts) {
  const { io } = invocation;
  let dueMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  let fault: RecordingError | undefined;

  async function once(): Promise<void> {
    voice.info("Comparing the archive with the call log.");
    try {
      pulse.reconciled(await reconcile());
      dueMs = io.clock.monotonic() + dayMs;
    } catch (thrown) {
      const error = asRecordingError(thrown);
      if (io.stop.aborted) return;
      if (!passes(error, true)) fault = error;
      else voice.warn(`${error.message} The archive is compared with the call log again in ${formatDuration(soonMs)}.`);
      dueMs = io.clock.monotonic() + soonMs;
    } finally {
      running = undefined;
    }
  }
  return {
    get fault() {
      return fault;
    },
    dueNow() {
      dueMs = Number.NEGATIVE_INFINITY;
    },
    beginIfDue() {
      if (running === undefined && io.clock.monotonic() >= dueMs && !io.stop.aborted) running = once();
    },
    ended: async () => running,
  };
}

/** Every event of a run is a sign of life; one that announces a wait holds until that is over. */
export function signOfLife(pulse: Pick<Pulse, "beat">, io: Pick<Io, "clock">): (event: DownloadEvent) => void {
  return (event) => pulse.beat(event.event === "waiting" ? event.untilMs - io.clock.now() : 0);
}
