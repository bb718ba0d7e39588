import type { DownloadEvent } from "../model/events.ts";
import type { Clock } from "../model/ports.ts";

/** How many downloads at once the server bears, found by trying. */
export interface Adaptive {
  /** As of now. */
  readonly transfers: number;
  hear(event: DownloadEvent): void;
}

const fewest = 1;
const most = 32;
const first = 4;

/** A round is long enough to tell one speed from another. */
const roundMs = 500;
/** What half as many more must bring at least to be kept. */
const worthIt = 1.1;
/** Rounds without a trial after one that brought nothing, and after a refusal. */
const restAfterTrial = 20;
const restAfterRefusal = 60;
/** The server's ways to say that it is too much. */
const refusals: ReadonlySet<string> = new Set(["rate-limited", "server-error", "timeout"]);

/**
 * Starts at 4 and tries half as many more, as long as each trial makes the whole faster; goes back when one does not, so
 * that waiting in the server's queue is not taken for speed. Halves at once when the server refuses or stalls.
 */
export function openAdaptive(clock: Clock): Adaptive {
  let transfers = first;
  /** The number before the trial under way, and the speed it had. */
  let trial: { readonly from: number; readonly speed: number } | undefined;
  let rest = 0;
  let began = clock.monotonic();
  let files = 0;
  let bytes = 0;
  let refusedMs = Number.NEGATIVE_INFINITY;

  function beginRound(now: number): void {
    began = now;
    files = 0;
    bytes = 0;
  }

  function endRound(speed: number): void {
    if (trial !== undefined && speed < trial.speed * worthIt) {
      transfers = trial.from;
      trial = undefined;
      rest = restAfterTrial;
    } else if (rest > 0) {
      rest -= 1;
    } else if (transfers < most) {
      trial = { from: transfers, speed };
      transfers = Math.min(most, Math.ceil(transfers * 1.5));
    } else {
      trial = undefined;
    }
  }

  function arrived(size: number): void {
    const now = clock.monotonic();
    files += 1;
    bytes += size;
    // Each place must have been used, or the speed says nothing of their number.
    if (now - began < roundMs || files < transfers * 2) return;
    endRound(bytes / (now - began));
    beginRound(now);
  }

  /** Those under way when the first refusal came tell of the same moment. */
  function refused(): void {
    const now = clock.monotonic();
    if (now - refusedMs < roundMs) return;
    refusedMs = now;
    transfers = Math.max(fewest, transfers >> 1);
    trial = undefined;
    rest = restAfterRefusal;
    beginRound(now);
  }

  return {
    get transfers() {
      return transfers;
    },
    hear(event) {
      if (event.event === "recording-done") arrived(event.bytes);
      else if (event.event === "attempt-failed" && refusals.has(event.code)) refused();
    },
  };
}
