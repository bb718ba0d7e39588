import { existsSync, readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { RecordingError } from "../core/errors.ts";
import type { Clock, RunStart } from "../core/ports.ts";
import { tryLockFile } from "../sqlite.ts";
import { type Database, makePrivateFolder, quietly } from "./database.ts";

const leaseMs = 120_000;
const renewMs = 30_000;
const lookAgainMs = 1_000;

/** A run that has begun and not finished, as the table `leases` keeps it. */
export interface LeaseRow {
  readonly run_id: string;
  readonly pid: number;
  readonly host: string;
  readonly version: string;
  readonly started: number;
  readonly selection: string;
  readonly until: number;
  readonly done: number;
  readonly failed: number;
  readonly bytes: number;
}

/** Which runs live: each holds a lock file while it does, and one row that it renews; its claims are free without either. */
export interface Leases {
  /** Takes this run's lock and row; inside a transaction. */
  take(run: RunStart, version: string): void;
  /** Runs that ended without a word; inside a transaction. */
  dead(): readonly LeaseRow[];
  /** Whether the run `owner` still works; remembered for a moment. */
  lives(owner: string): boolean;
  /** Adds to what this run came to so far, and renews the lease. */
  count(runId: string, done: number, failed: number, bytes: number): void;
  /** Renews this run's lease when a good part of it is over. */
  renew(): void;
  drop(runId: string): void;
  close(): void;
}

export function openLeases(database: Database, clock: Clock, pid: number): Leases {
  const { sqlite, path } = database;
  const folder = `${path}-runs`;
  const lockOf = (runId: string) => join(folder, `${encodeURIComponent(runId)}.lock`);
  const find = sqlite.prepare("SELECT until FROM leases WHERE run_id = ?");
  const touch = sqlite.prepare("UPDATE leases SET until = ? WHERE run_id = ?");
  const tally = sqlite.prepare(
    "UPDATE leases SET until = ?, done = done + ?, failed = failed + ?, bytes = bytes + ? WHERE run_id = ?",
  );
  const seen = new Map<string, { lives: boolean; at: number }>();
  let own: { runId: string; lock: { release(): void }; renewedAt: number; timer: NodeJS.Timeout } | undefined;

  const isHeld = (runId: string, until: number) =>
    runId === own?.runId || (until > clock.now() && isLocked(lockOf(runId)));
  const look = (owner: string) => {
    const row = find.get(owner) as { until: number } | undefined;
    return row !== undefined && isHeld(owner, row.until);
  };
  const renewNow = () => {
    if (own === undefined) return;
    own.renewedAt = clock.monotonic();
    touch.run(clock.now() + leaseMs, own.runId);
  };
  const letGo = () => {
    if (own === undefined) return;
    clearInterval(own.timer);
    own.lock.release();
    rmSync(lockOf(own.runId), { force: true });
    own = undefined;
  };

  return {
    take: (run, version) => {
      makePrivateFolder(folder);
      removeStaleLocks(folder, (runId) => find.get(runId) !== undefined);
      const lock = tryLockFile(lockOf(run.runId));
      if (lock === undefined) throw new RecordingError("bug", `The run ${run.runId} has begun twice.`);
      // Best effort while nothing else happens: a busy database is tried again with the next claim.
      const timer = setInterval(() => quietly(renewNow), renewMs).unref();
      own = { runId: run.runId, lock, renewedAt: clock.monotonic(), timer };
      sqlite
        .prepare(
          "INSERT INTO leases (run_id, pid, host, version, started, selection, until) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .run(run.runId, pid, hostname(), version, run.startedMs, JSON.stringify(run.selection), clock.now() + leaseMs);
    },
    dead: () => {
      const rows = sqlite.prepare("SELECT * FROM leases ORDER BY started, run_id").all() as LeaseRow[];
      return rows.filter((row) => !isHeld(row.run_id, row.until));
    },
    lives: (owner) => {
      const before = seen.get(owner);
      if (before !== undefined && clock.monotonic() - before.at < lookAgainMs) return before.lives;
      const now = { lives: look(owner), at: clock.monotonic() };
      seen.set(owner, now);
      return now.lives;
    },
    count: (runId, done, failed, bytes) => {
      tally.run(clock.now() + leaseMs, done, failed, bytes, runId);
      if (own !== undefined) own.renewedAt = clock.monotonic();
    },
    renew: () => {
      if (own !== undefined && clock.monotonic() - own.renewedAt >= renewMs) renewNow();
    },
    drop: (runId) => {
      sqlite.prepare("DELETE FROM leases WHERE run_id = ?").run(runId);
      if (runId === own?.runId) letGo();
      else rmSync(lockOf(runId), { force: true });
    },
    close: letGo,
  };
}

function isLocked(path: string): boolean {
  if (!existsSync(path)) return false;
  const lock = tryLockFile(path);
  lock?.release();
  return lock === undefined;
}

/** Locks of runs that no row names: their process died before it could write one. */
function removeStaleLocks(folder: string, isKnown: (runId: string) => boolean): void {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".lock") || isKnown(decodeURIComponent(name.slice(0, -".lock".length)))) continue;
    const path = join(folder, name);
    if (!isLocked(path)) rmSync(path, { force: true });
  }
}
