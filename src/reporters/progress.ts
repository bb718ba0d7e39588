import type { DownloadEvent, SkipReason } from "../core/model/events.ts";
import type { Clock } from "../core/model/ports.ts";
import type { Call, RecordingKey } from "../core/model/recording.ts";

export interface ProgressSettings {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  /** Recordings to come, where known before the run; else as many as the run says that it found. */
  readonly total?: number;
  /** The budget of the source, one recording a request: no promise goes beyond it. */
  readonly ratePerMinute?: () => number | undefined;
  /** `--limit-rate`, in bytes a second: no promise goes beyond it. */
  readonly bytesPerSecond?: number | undefined;
}

export interface InFlight {
  readonly call: Call;
  readonly bytes: number;
  readonly total: number | undefined;
}

/** Where a run stands, for those who draw it. */
export interface Progress {
  hear(event: DownloadEvent): void;
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
  /** Done, failed, or found to need no fetching. */
  readonly handled: number;
  /** How many were found so far; undefined while that is nothing, or not known. */
  readonly total: number | undefined;
  /** Whether the total may still grow, because the list is not complete. */
  readonly isGrowing: boolean;
  /** Of finished recordings and of those on their way. */
  readonly bytes: number;
  /** Oldest first. */
  readonly inFlight: ReadonlyMap<RecordingKey, InFlight>;
  /** How far the system's call log has been read; undefined where none is, and once all of it was. */
  listing(): { readonly rows: number; readonly from: string; readonly to: string } | undefined;
  /** What the run waits for, until that time is over. */
  waiting(): { readonly reason: string; readonly untilMs: number; readonly leftMs: number } | undefined;
  /** Recordings a minute as measured; undefined while it is too early to tell. */
  rate(): number | undefined;
  bytesPerSecond(): number | undefined;
  /** Milliseconds left by the slowest of all that is known; undefined while the total may grow, or nothing is known. */
  etaMs(): number | undefined;
}

/** What becomes of recordings that were found; all else that is skipped never was one to fetch, and is in no total. */
const found: ReadonlySet<SkipReason> = new Set([
  "done",
  "repeated",
  "claimed",
  "gone",
  "forbidden",
  "unproven",
  "purged",
]);

const minute = 60_000;

export function openProgress(settings: ProgressSettings): Progress {
  const { clock, total, ratePerMinute } = settings;
  const inFlight = new Map<RecordingKey, InFlight>();
  const recordingMeter = openMeter(5 * minute);
  const byteMeter = openMeter(10_000);
  const count = { done: 0, skipped: 0, passed: 0, failed: 0, found: 0, settled: 0, bytes: 0, arriving: 0 };
  let startedAt: number | undefined;
  let isGrowing = total === undefined;
  let listing: { rows: number; from: string; to: string } | undefined;
  let wait: { reason: string; untilMs: number } | undefined;

  function fly(key: RecordingKey, next: InFlight | undefined): void {
    count.arriving += (next?.bytes ?? 0) - (inFlight.get(key)?.bytes ?? 0);
    if (next === undefined) inFlight.delete(key);
    else inFlight.set(key, next);
  }

  function hear(event: DownloadEvent): void {
    switch (event.event) {
      case "listing":
        listing = { rows: event.rows, from: event.from, to: event.to };
        break;
      case "found":
        count.found = event.recordings;
        count.settled = event.settled ?? 0;
        isGrowing = total === undefined && !event.complete;
        break;
      case "recording-skipped":
        count.skipped += 1;
        if (found.has(event.reason) || event.evidence !== undefined) count.passed += 1;
        break;
      case "recording-started":
        fly(event.key, { call: event.call, bytes: 0, total: undefined });
        break;
      case "recording-progress":
        fly(event.key, { call: inFlight.get(event.key)?.call ?? {}, bytes: event.bytes, total: event.total });
        break;
      case "attempt-failed":
        fly(event.key, { call: inFlight.get(event.key)?.call ?? {}, bytes: 0, total: undefined });
        break;
      case "waiting":
        wait = { reason: event.reason, untilMs: event.untilMs };
        break;
      case "recording-done":
        fly(event.key, undefined);
        count.done += 1;
        count.bytes += event.bytes;
        break;
      case "recording-failed":
        fly(event.key, undefined);
        count.failed += 1;
        break;
      default:
    }
    if (event.event !== "recording-skipped") mark();
  }

  /** Skips are not marked: a million of them say nothing about the time that fetching takes. */
  function mark(): void {
    const now = clock.monotonic();
    startedAt ??= now;
    recordingMeter.mark(now, count.done + count.failed);
    byteMeter.mark(now, count.bytes + count.arriving);
  }

  function rate(): number | undefined {
    const now = clock.monotonic();
    const measured = recordingMeter.perMs(now, count.done + count.failed);
    return measured === undefined ? undefined : Math.min(measured * minute, ratePerMinute?.() ?? Infinity);
  }

  /** By what was measured; not in the first two minutes of a budget, which is spent in bursts: any measurement is luck then. */
  function leftByMeasure(left: number): number | undefined {
    const isEarly = startedAt === undefined || clock.monotonic() - startedAt < 2 * minute;
    const perMinute = isEarly && ratePerMinute?.() !== undefined ? undefined : rate();
    return perMinute === undefined ? undefined : (left / perMinute) * minute;
  }

  function leftByBudget(left: number): number | undefined {
    const limit = ratePerMinute?.();
    return limit === undefined ? undefined : (left / limit) * minute;
  }

  /** By the bytes that are to come where the rest is like what came: NaN, for no promise, as long as nothing came. */
  function leftByBytes(left: number): number | undefined {
    const { bytesPerSecond } = settings;
    if (bytesPerSecond === undefined) return undefined;
    const toCome = count.done === 0 ? Number.NaN : (count.bytes / count.done) * left - count.arriving;
    return (Math.max(0, toCome) / bytesPerSecond) * 1000;
  }

  const handled = () => count.done + count.failed + count.passed;
  const known = () => {
    const sum = total ?? count.found;
    return sum > 0 ? Math.max(sum, handled()) : undefined;
  };

  return {
    hear,
    rate,
    inFlight,
    get done() {
      return count.done;
    },
    get skipped() {
      return count.skipped;
    },
    get failed() {
      return count.failed;
    },
    get handled() {
      return handled();
    },
    get total() {
      return known();
    },
    get isGrowing() {
      return isGrowing;
    },
    get bytes() {
      return count.bytes + count.arriving;
    },
    listing: () => (isGrowing ? listing : undefined),
    waiting() {
      const leftMs = wait === undefined ? 0 : wait.untilMs - clock.now();
      return wait !== undefined && leftMs > 0 ? { ...wait, leftMs } : undefined;
    },
    bytesPerSecond() {
      const perMs = byteMeter.perMs(clock.monotonic(), count.bytes + count.arriving);
      return perMs === undefined ? undefined : Math.max(0, perMs * 1000);
    },
    etaMs() {
      const sum = known();
      if (sum === undefined || isGrowing) return undefined;
      // What the archive has needs no time, be it skipped by now or not.
      const left = Math.max(0, sum - count.done - count.failed - Math.max(count.passed, count.settled));
      const spans = [leftByMeasure, leftByBudget, leftByBytes].map((span) => span(left));
      const longest = Math.max(...spans.map((span) => span ?? Number.NEGATIVE_INFINITY));
      return Number.isFinite(longest) ? longest : undefined;
    },
  };
}

/** How fast something grows, over the last while. */
export interface Meter {
  /** The count as it is at `now` (milliseconds, never running back). */
  mark(now: number, count: number): void;
  /** Growth per millisecond over the window; undefined before there is a step to measure. */
  perMs(now: number, count: number): number | undefined;
}

const steps = 60;

/** Keeps at most 60 marks, however often it is told. */
export function openMeter(windowMs: number): Meter {
  const marks: { at: number; count: number }[] = [];
  return {
    mark(at, count) {
      const last = marks.at(-1);
      if (last !== undefined && at - last.at < windowMs / steps) return;
      marks.push({ at, count });
      if (marks.length > steps) marks.shift();
    },
    perMs(now, count) {
      while (marks.length > 1 && now - (marks[1]?.at ?? now) >= windowMs) marks.shift();
      const first = marks[0];
      if (first === undefined || now - first.at < windowMs / steps) return undefined;
      // Long silence leaves one old mark: growth since then is spread over all of it.
      return (count - first.count) / (now - first.at);
    },
  };
}
