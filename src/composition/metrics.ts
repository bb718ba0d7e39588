import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { asRecordingError } from "../core/model/errors.ts";
import { checkMetricsPlace, replaceMetrics } from "../reporters/metrics-file.ts";
import { type Metric, prometheusText, sampleIn } from "../reporters/prometheus.ts";
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
  const notes: MetricsNotes = {
    budgetsOf: (set) => ({
      [Symbol.dispose]: () => {
        budgets = budgetMetrics(set);
      },
    }),
  };
  if (settings.metrics === undefined || settings.dryRun || settings.output === "-") return run(notes);
  const file = resolve(io.cwd, settings.metrics);
  checkMetricsPlace(file);
  const write = async (exitCode: number) => {
    const { archive, ms } = await metricsAfter(invocation, file, exitCode);
    const seconds = (ms ?? io.clock.monotonic() - invocation.begun) / 1000;
    replaceMetrics(file, prometheusText([...archive, ...runMetrics(seconds, exitCode), ...budgets]));
  };
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

interface AfterRun {
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
    const archive = [successMetric(secondsOf(lastSuccess)), ...(await contentMetrics(ledger, io.clock))];
    return { archive, ...(isOwn && { ms: lastDownload.ms }) };
  } catch {
    return { archive: [successMetric(successIn(file))] };
  }
}

function successIn(file: string): number {
  try {
    return sampleIn(readFileSync(file, "utf8"), successName) ?? 0;
  } catch {
    return 0;
  }
}
