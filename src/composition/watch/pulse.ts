import type { Invocation } from "../../cli/io.ts";
import { momentText } from "../../core/local-time.ts";
import { asRecordingError } from "../../core/model/errors.ts";
import type { ServiceManager } from "../../platform/service-manager.ts";
import { budgetMetrics } from "../metric-values.ts";
import { openMetricsFile } from "../metrics.ts";
import type { SourceSet } from "../sources.ts";

/** How a watch fares, and who is told: the service manager, and whoever reads `--metrics`. */
export interface Pulse {
  /** A sign of life, which holds for ten minutes and `forMs` more. */
  beat(forMs?: number): void;
  /** A look was whole; the exit code is that of the run it led to, 0 without one. */
  looked(exitCode: number): void;
  failed(exitCode: number): void;
  reconciled(exitCode: number): void;
  /** Whether any look was whole so far. */
  readonly isProven: boolean;
  /** Tells the end: how the watch ends, in the metrics. */
  close(exitCode: number): Promise<void>;
}

const holdsMs = 10 * 60_000;
const usualStatsMs = 60_000;

/** Begins to tell; `sources` are those that looks use just now. Throws `usage` where `--metrics` cannot be written. */
export function openPulse(
  invocation: Invocation,
  manager: ServiceManager | undefined,
  sources: () => SourceSet | undefined,
  warn: (message: string) => void,
): Pulse {
  const { settings, io } = invocation;
  const metrics = openMetricsFile(invocation);
  const closing = new AbortController();
  let aliveUntil = io.clock.monotonic() + holdsMs;
  let exitCode = 0;
  let wellMs = 0;
  let isProven = false;
  let writing: Promise<void> = Promise.resolve();

  const looked = (code: number) => {
    exitCode = code;
    isProven = true;
    if (code === 0) wellMs = io.clock.now();
  };
  const write = () => {
    const opened = sources();
    const budgets = opened === undefined ? [] : budgetMetrics(opened);
    const state = { exitCode, budgets, ...(wellMs > 0 && { wellMs }) };
    writing = writing
      .then(() => metrics?.write(state))
      .catch((fault) => warn(`--metrics: ${asRecordingError(fault).message}`));
  };
  const tellManager = () => {
    if (io.clock.monotonic() > aliveUntil) return;
    const last = wellMs === 0 ? "no look has succeeded yet" : `last look ${momentText(wellMs, settings.timezone)}`;
    manager?.tell("WATCHDOG=1", `STATUS=Watching; ${last}.`);
  };
  const each = async (ms: number, act: () => void) => {
    for (;;) {
      await io.clock.sleep(ms, closing.signal);
      act();
    }
  };
  // They end by rejecting when the watch ends.
  if (metrics !== undefined) each(settings.stats ?? usualStatsMs, write).catch(() => {});
  if (manager?.watchdogMs !== undefined) each(manager.watchdogMs / 2, tellManager).catch(() => {});

  return {
    beat(forMs = 0) {
      aliveUntil = Math.max(aliveUntil, io.clock.monotonic() + holdsMs + forMs);
    },
    looked,
    failed: (code) => {
      exitCode = code;
    },
    reconciled: (code) => {
      if (code !== 0) exitCode = code;
    },
    get isProven() {
      return isProven;
    },
    async close(code) {
      closing.abort();
      exitCode = code;
      write();
      await writing;
    },
  };
}
