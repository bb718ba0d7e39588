import { hostname } from "node:os";
import { RecordingError } from "../core/errors.ts";
import type { Clock, RunStart } from "../core/ports.ts";
import { type Database, quietly } from "./database.ts";
import { openRunLocks } from "./run-locks.ts";

const usualLeaseMs = 120_000;
const longestRenewMs = 30_000;
const shortestRenewMs = 100;
const lookAgainMs = 1_000;

/** A run that has begun and not finished, as the table `leases` keeps it. */
export interface LeaseRow {
  readonly run_id: string;
  readonly pid: number;
  readonly host: string;
  readonly version: string;
  readonly started: number;
  readonly selection: string;
  /** Moves with each renewal; when it moved last is for the one who looks to notice. */
  readonly until: number;
  readonly done: number;
  readonly failed: number;
  readonly bytes: number;
}

/**
 * Which runs live: each holds a lock file while it does, and one row that it renews; its claims are free without either.
 * No wall clock decides: who looks measures by the own monotonic clock for how long the row has stood still.
 */
export interface Leases {
  /** Takes this run's lock and row; inside a transaction. */
  take(run: RunStart, version: string): void;
  /** Runs that ended without a word; inside a transaction. */
  dead(): readonly LeaseRow[];
  /** When the oldest run that others have under way began. */
  livingSince(): number | undefined;
  /** Whether the run `owner` still works; remembered for a moment. */
  lives(owner: string): boolean;
  /** Adds to what this run came to so far, and renews the lease. */
  count(done: number, failed: number, bytes: number): void;
  /** Renews this run's lease when a good part of it is over. */
  renew(): void;
  drop(runId: string): void;
  close(): void;
}

export function openLeases(
  { sqlite, path }: Database,
  clock: Clock,
  pid: number,
  leaseMs: number = usualLeaseMs,
): Leases {
  const renewMs = Math.max(shortestRenewMs, Math.min(longestRenewMs, leaseMs / 4));
  const locks = openRunLocks(`${path}-runs`);
  const all = sqlite.prepare("SELECT * FROM leases ORDER BY started, run_id");
  const find = sqlite.prepare("SELECT until FROM leases WHERE run_id = ?");
  const add = sqlite.prepare(
    "INSERT INTO leases (run_id, pid, host, version, started, selection, until) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const tally = sqlite.prepare(
    "UPDATE leases SET until = ?, done = done + ?, failed = failed + ?, bytes = bytes + ? WHERE run_id = ?",
  );
  const remove = sqlite.prepare("DELETE FROM leases WHERE run_id = ?");
  let own: { runId: string; release(): void; renewedAt: number } | undefined;
  let renewals = 0;
  const moved = openMoves(clock);

  /** Also tells a person who reads the table until when the lease runs. */
  const until = () => {
    renewals += 1;
    return clock.now() + leaseMs + renewals;
  };
  const count = (done: number, failed: number, bytes: number) => {
    if (own === undefined) return;
    tally.run(until(), done, failed, bytes, own.runId);
    own.renewedAt = clock.monotonic();
  };
  const letGo = () => {
    own?.release();
    own = undefined;
  };
  const look = (owner: string) => {
    const row = find.get(owner) as { until: number } | undefined;
    if (owner === own?.runId) return true;
    return row !== undefined && locks.isHeld(owner) && moved.within(leaseMs, owner, row.until);
  };

  return {
    take: ({ runId, startedMs, selection }, version) => {
      letGo();
      locks.clear((all.all() as LeaseRow[]).map((row) => row.run_id));
      const lock = locks.take(runId);
      if (lock === undefined) throw new RecordingError("bug", `The run ${runId} has begun twice.`);
      const timer = setInterval(() => quietly(() => count(0, 0, 0)), renewMs).unref();
      own = {
        runId,
        renewedAt: clock.monotonic(),
        release: () => {
          clearInterval(timer);
          lock.release();
        },
      };
      add.run(runId, pid, hostname(), version, startedMs, JSON.stringify(selection), until());
    },
    // The lock alone decides: a computer that slept for an hour has let its lease expire, but its run goes on.
    dead: () => (all.all() as LeaseRow[]).filter(({ run_id }) => run_id !== own?.runId && !locks.isHeld(run_id)),
    livingSince: () =>
      (all.all() as LeaseRow[]).find(({ run_id }) => run_id !== own?.runId && locks.isHeld(run_id))?.started,
    lives: remembered(look, clock),
    count,
    renew: () => {
      if (own !== undefined && clock.monotonic() - own.renewedAt >= renewMs) count(0, 0, 0);
    },
    drop: (runId) => {
      remove.run(runId);
      if (runId === own?.runId) letGo();
    },
    close: letGo,
  };
}

/** When each run's row was first seen as it stands. */
function openMoves(clock: Clock) {
  const seen = new Map<string, { readonly value: number; readonly at: number }>();
  return {
    /** Whether the value is new, or was new within so many milliseconds. */
    within(ms: number, owner: string, value: number): boolean {
      const before = seen.get(owner);
      if (before?.value === value) return clock.monotonic() - before.at < ms;
      seen.set(owner, { value, at: clock.monotonic() });
      return true;
    },
  };
}

/** Asks about the same run once a moment, not once a recording. */
function remembered(look: (owner: string) => boolean, clock: Clock): (owner: string) => boolean {
  const seen = new Map<string, { lives: boolean; at: number }>();
  return (owner) => {
    const before = seen.get(owner);
    if (before !== undefined && clock.monotonic() - before.at < lookAgainMs) return before.lives;
    const now = { lives: look(owner), at: clock.monotonic() };
    seen.set(owner, now);
    return now.lives;
  };
}
