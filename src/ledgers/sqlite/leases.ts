import { existsSync, readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { RecordingError } from "../../core/model/errors.ts";
import type { RunStart } from "../../core/model/ledger.ts";
import type { Clock } from "../../core/model/ports.ts";
import { tryLockFile } from "../../platform/sqlite.ts";
import type { LeaseRow } from "../run-records.ts";
import { type Database, makePrivateFolder, quietly } from "./database.ts";

const usualLeaseMs = 120_000;
const longestRenewMs = 30_000;
const shortestRenewMs = 100;
const lookAgainMs = 1_000;

/**
 * Which runs live: each holds a lock file while it does, and one row that it renews; its claims are free without either.
 * No wall clock decides: who looks measures by the own monotonic clock for how long the row has stood still.
 */
export interface Leases {
  /** Takes this run's lock and row; inside a transaction. */
  take(run: RunStart, version: string, operator: string | undefined): void;
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
    "INSERT INTO leases (run_id, pid, host, operator, version, started, selection, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
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
    take: ({ runId, startedMs, selection }, version, operator) => {
      letGo();
      locks.clear((all.all() as LeaseRow[]).map((row) => row.run_id));
      const lock = locks.take(runId);
      if (lock === undefined) throw new RecordingError("bug", `The run ${runId} was started twice.`);
      const timer = setInterval(() => quietly(() => count(0, 0, 0)), renewMs).unref();
      own = {
        runId,
        renewedAt: clock.monotonic(),
        release: () => {
          clearInterval(timer);
          lock.release();
        },
      };
      add.run(runId, pid, hostname(), operator ?? null, version, startedMs, JSON.stringify(selection), until());
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

/** One lock file for each run that lives: it is held until the run ends, however it ends. */
export interface RunLocks {
  /** Undefined when a run of that name lives. */
  take(runId: string): { release(): void } | undefined;
  isHeld(runId: string): boolean;
  /** Removes the files that no run of `known` and no living process answers for. */
  clear(known: readonly string[]): void;
}

export function openRunLocks(folder: string): RunLocks {
  const nameOf = (runId: string) => `${encodeURIComponent(runId)}.lock`;
  const pathOf = (runId: string) => join(folder, nameOf(runId));
  return {
    take: (runId) => {
      makePrivateFolder(folder);
      const lock = tryLockFile(pathOf(runId));
      if (lock === undefined) return undefined;
      return {
        release: () => {
          lock.release();
          rmSync(pathOf(runId), { force: true });
        },
      };
    },
    isHeld: (runId) => isLocked(pathOf(runId)),
    clear: (known) => {
      const kept = new Set(known.map(nameOf));
      for (const name of existsSync(folder) ? readdirSync(folder) : []) {
        if (!kept.has(name) && !isLocked(join(folder, name))) rmSync(join(folder, name), { force: true });
      }
    },
  };
}

function isLocked(path: string): boolean {
  // A look must not make the file.
  if (!existsSync(path)) return false;
  try {
    const lock = tryLockFile(path);
    lock?.release();
    return lock === undefined;
  } catch {
    // On a read-only disk nobody can tell: the lease's time decides.
    return true;
  }
}
