import { type DownloadPlan, type DownloadPorts, download } from "../core/download.ts";
import type { Summary } from "../core/events.ts";
import type { Io } from "../io.ts";
import type { RunReporter } from "./reporter.ts";
import type { SourceSet } from "./source-set.ts";

type Parts = Pick<DownloadPorts, "ledger" | "transfer" | "destination">;

/** Runs the core's download with the world it needs: the clock, chance, signals, and who hears of it. */
export function runDownload(
  plan: DownloadPlan,
  parts: Parts,
  { sources }: SourceSet,
  io: Io,
  { report }: Pick<RunReporter, "report">,
): Promise<Summary> {
  const ports = { ...parts, sources, clock: io.clock, random: io.random, report };
  return download(plan, ports, { stop: io.stop, abort: io.abort });
}
