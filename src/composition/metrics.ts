import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { asRecordingError } from "../core/model/errors.ts";
import { checkMetricsPlace, type Metric, prometheusText, replaceMetrics, sampleIn } from "../reporters/prometheus.ts";
import { openExistingLedger } from "./archive.ts";
import { budgetMetrics, contentMetrics, runMetrics, secondsOf, successMetric, successName } from "./metric-values.ts";
import type { SourceSet } from "./sources.ts";

/** What a run leaves for its metrics: how much of the sources' budgets was used when it ended. */
export interface MetricsNotes {
  /** Looks at the budgets when the scope ends, which is before the sources close. */
  budgetsOf(set: SourceSet): Disposable;
}

/**
 * Runs a download and writes what it came to into `--metrics`, also when it fails or throws: then the exit code tells,
 * and the last success stays what it was. A file that cannot be written makes a good run end with the disk's code.
 */
export async function withMetrics(
  invocation: Invocation,
  run: (notes: MetricsNotes) => Promise<number>,
): Promise<number> {
  const { settings, io } = invocation;
  let budgets: readonly Metric[] = [];
  const file = settings.dryRun || settings.output === "-" ? undefined : openMetricsFile(invocation);
  const notes: MetricsNotes = {
    budgetsOf: (set) => ({
      [Symbol.dispose]: () => {
        budgets = budgetMetrics(set);
      },
    }),
  };
  if (file === undefined) return run(notes);
  const write = (exitCode: number) => file.write({ exitCode, budgets });
  const warn = (fault: unknown) => io.stderr.write(`callreel: --metrics: ${asRecordingError(fault).message}\n`);
  const exitCode = await run(notes).catch(async (error: unknown) => {
    await write(exitCodeOf(asRecordingError(error).code, io.stoppedBy())).catch(warn);
    throw error;
  });
  // The run's own failure weighs more than that of the file that tells of it.
  await write(exitCode).catch((fault: unknown) => {
    if (exitCode === 0) throw fault;
    warn(fault);
  });
  return exitCode;
}

/** What the ledger does not tell. */
export interface MetricsState {
  readonly exitCode: number;
  readonly budgets: readonly Metric[];
  /** When all was well last, where that is later than the last run in the ledger. */
  readonly wellMs?: number;
}

/** The file of `--metrics`; undefined where none is asked for. Throws `usage` where it cannot be written. */
export function openMetricsFile(invocation: Invocation): { write(state: MetricsState): Promise<void> } | undefined {
  const { settings, io } = invocation;
  if (settings.metrics === undefined) return undefined;
  const file = resolve(io.cwd, settings.metrics);
  checkMetricsPlace(file);
  return {
    async write({ exitCode, budgets, wellMs = 0 }) {
      const { archive, success, ms } = await metricsAfter(invocation, file, exitCode);
      const seconds = (ms ?? io.clock.monotonic() - invocation.begun) / 1000;
      const all = [successMetric(Math.max(success, wellMs / 1000)), ...archive, ...runMetrics(seconds, exitCode)];
      replaceMetrics(file, prometheusText([...all, ...budgets]));
    },
  };
}

interface AfterRun {
  /** The end of the last good run, as Unix seconds. */
  readonly success: number;
  readonly archive: readonly Metric[];
  /** How long this run took by its own record, which `status --prometheus` reads too; undefined where it left none. */
  readonly ms?: number;
}

/** What the ledger tells after this run; where it cannot be read, the last success that the earlier file told. */
async function metricsAfter({ settings, io, begun }: Invocation, file: string, exitCode: number): Promise<AfterRun> {
  const beganMs = io.clock.now() - (io.clock.monotonic() - begun);
  try {
    await using ledger = await openExistingLedger(settings, io);
    // The record of a run that failed only after it was written says 0.
    const { lastSuccess } = await ledger.runTotals(exitCode === 0 ? undefined : beganMs);
    const { lastDownload } = await ledger.runTotals();
    const isOwn = lastDownload !== undefined && Date.parse(lastDownload.started) >= Math.floor(beganMs);
    const archive = await contentMetrics(ledger, io.clock);
    return { success: secondsOf(lastSuccess), archive, ...(isOwn && { ms: lastDownload.ms }) };
  } catch {
    return { success: successIn(file), archive: [] };
  }
}

function successIn(file: string): number {
  try {
    return sampleIn(readFileSync(file, "utf8"), successName) ?? 0;
  } catch {
    return 0;
  }
}
