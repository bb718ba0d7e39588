import type { DownloadEvent } from "../model/events.ts";
import type { Clock } from "../model/ports.ts";
import type { SourceName } from "../model/recording.ts";

/** How many downloads at once each source bears, found by trying. */
export interface Adaptive {
  /** As of now. */
  transfers(source: SourceName): number;
  /** From asking for a link to the first byte, in milliseconds; waiting for leave to ask does not count. */
  firstByte(source: SourceName, ms: number): void;
  hear(event: DownloadEvent): void;
  /** The number each source ended with, to begin with the next time. */
  learned(): ReadonlyMap<SourceName, number>;
}

/** Where a source begins, and what it never passes. */
export interface TransferBounds {
  readonly first: number;
  /** Asked anew each time. */
  readonly most: () => number;
}

/**
 * Begins with a source's `first` and doubles, as long as each step makes the whole faster; goes back when one does not,
 * so that waiting in the server's queue is not taken for speed. Where first bytes come later than they could, it goes in
 * small steps, and back where they come much later. Halves at once when the server refuses or stalls.
 */
export function openAdaptive(clock: Clock, boundsOf: (source: SourceName) => TransferBounds): Adaptive {
  const widths = new Map<SourceName, Width>();
  const widthOf = (source: SourceName) => {
    const known = widths.get(source);
    if (known !== undefined) return known;
    const width = new Width(clock, boundsOf(source));
    widths.set(source, width);
    return width;
  };
  return {
    transfers: (source) => widthOf(source).current,
    firstByte: (source, ms) => widthOf(source).firstByte(ms),
    hear(event) {
      if (event.event === "recording-done") widthOf(sourceOf(event.key)).arrived(event.bytes);
      else if (event.event === "attempt-failed" && refusals.has(event.code)) widthOf(sourceOf(event.key)).refused();
    },
    learned: () => new Map([...widths].map(([source, { current }]) => [source, current])),
  };
}

function sourceOf(key: string): SourceName {
  return key.slice(0, key.indexOf("/")) as SourceName;
}

/** The server's ways to say that it is too much. */
const refusals: ReadonlySet<string> = new Set(["rate-limited", "server-error", "timeout"]);

const fewest = 1;
/** Slow first bytes alone never bring it below this: they may have other reasons. */
const fewestForSlowness = 4;
/** A round is long enough to tell one speed from another, and each place was used in it. */
const roundMs = 100;
const mostWaits = 1_000;
const restAfterTrialMs = 10_000;
const restAfterRefusalMs = 60_000;

/** What one round brought, a millisecond. */
interface Speed {
  readonly files: number;
  readonly bytes: number;
}

/** One source's number of downloads at once. */
class Width {
  #set: number;
  readonly #clock: Clock;
  readonly #most: () => number;
  /** The number before the step under way, the speed it had, and what the step must bring to be kept. */
  #trial: { readonly from: number; readonly speed: Speed; readonly worth: number } | undefined;
  #restUntil = Number.NEGATIVE_INFINITY;
  /** The number that was refused: it is neared with care. */
  #refusedAt = Number.POSITIVE_INFINITY;
  #refusedMs = Number.NEGATIVE_INFINITY;
  /** How soon first bytes come when nothing stands before them in a queue. */
  #floor = Number.POSITIVE_INFINITY;
  #began: number;
  #files = 0;
  #bytes = 0;
  #waits: number[] = [];

  constructor(clock: Clock, { first, most }: TransferBounds) {
    this.#clock = clock;
    this.#most = most;
    this.#set = first;
    this.#began = clock.monotonic();
  }

  get current(): number {
    return Math.min(this.#set, this.#most());
  }

  firstByte(ms: number): void {
    // A round in which nothing arrives may be a long one.
    if (this.#waits.length < mostWaits) this.#waits.push(ms);
  }

  arrived(bytes: number): void {
    const ms = this.#clock.monotonic() - this.#began;
    this.#files += 1;
    this.#bytes += bytes;
    if (ms < roundMs || this.#files < this.current) return;
    this.#endRound({ files: this.#files / ms, bytes: this.#bytes / ms });
    this.#beginRound();
  }

  /** Those under way when the first refusal came tell of the same moment. */
  refused(): void {
    const now = this.#clock.monotonic();
    if (now - this.#refusedMs < 500) return;
    this.#refusedMs = now;
    this.#refusedAt = this.current;
    this.#setTo(this.current >> 1);
    this.#restUntil = now + restAfterRefusalMs;
    this.#beginRound();
  }

  #beginRound(): void {
    this.#began = this.#clock.monotonic();
    this.#files = 0;
    this.#bytes = 0;
    this.#waits = [];
  }

  #endRound(speed: Speed): void {
    const now = this.#clock.monotonic();
    const wait = this.#learnWait();
    if (this.#trial !== undefined && !isWorth(speed, this.#trial)) {
      // Fewer at once that bring less: first bytes are slow for another reason than our number.
      if (this.#trial.from > this.current) this.#floor = wait;
      this.#setTo(this.#trial.from);
      this.#restUntil = now + restAfterTrialMs;
    } else if (wait > this.#floor * 3 + 50 && this.current > fewestForSlowness) {
      this.#try(Math.max(fewestForSlowness, Math.floor(this.current * 0.75)), speed);
    } else if (now < this.#restUntil || this.current >= this.#most()) {
      this.#trial = undefined;
    } else {
      const isCareful = wait > this.#floor * 1.75 + 10 || this.current * 2 >= this.#refusedAt;
      this.#try(this.current + (isCareful ? Math.max(1, this.current >> 2) : this.current), speed);
    }
  }

  /** The round's usual wait for a first byte; the shortest that a quarter of any round had is what it could be. */
  #learnWait(): number {
    if (this.#waits.length === 0) return 0;
    const sorted = this.#waits.sort((a, b) => a - b);
    this.#floor = Math.min(this.#floor, sorted[sorted.length >> 2] as number);
    return sorted[sorted.length >> 1] as number;
  }

  #try(next: number, speed: Speed): void {
    const from = this.current;
    this.#setTo(next);
    // A fifth of what the step could bring at best; fewer must bring no less.
    const worth = this.current > from ? 1 + (this.current / from - 1) / 5 : 0.9;
    this.#trial = { from, speed, worth };
  }

  #setTo(transfers: number): void {
    this.#set = Math.max(fewest, Math.min(this.#most(), transfers));
    this.#trial = undefined;
  }
}

/** Files differ in size, so either measure may tell that the whole became faster. */
function isWorth(now: Speed, { speed, worth }: { readonly speed: Speed; readonly worth: number }): boolean {
  return now.files >= speed.files * worth || now.bytes >= speed.bytes * worth;
}
