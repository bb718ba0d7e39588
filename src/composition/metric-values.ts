import type { Archive, EntryState } from "../core/model/ledger.ts";
import type { Clock, RequestBudget } from "../core/model/ports.ts";
import type { Metric } from "../reporters/prometheus.ts";
import { expiringSoon } from "./expiring.ts";
import type { SourceSet } from "./sources.ts";

/** The metric that tells whether backups still happen; kept from file to file. */
export const successName = "callreel_last_success_timestamp_seconds";

/** Everything that the ledger tells for metrics; `last…` of the newest download. */
export async function archiveMetrics(ledger: Archive, clock: Pick<Clock, "now">): Promise<readonly Metric[]> {
  const totals = await ledger.runTotals();
  const { lastDownload: last } = totals;
  return [
    successMetric(secondsOf(totals.lastSuccess)),
    ...(await contentMetrics(ledger, clock)),
    ...(last === undefined ? [] : runMetrics(last.ms / 1000, last.exitCode)),
  ];
}

/** An ISO time as Unix seconds; 0 for none. */
export function secondsOf(time: string | undefined): number {
  return time === undefined ? 0 : Date.parse(time) / 1000;
}

/** `value` is a Unix time in seconds. */
export function successMetric(value: number): Metric {
  return {
    name: successName,
    type: "gauge",
    help: "When the newest download with exit code 0 ended (Unix time); 0 before there is one.",
    samples: [{ value }],
  };
}

/** How the ledger's states are called here; a claimed recording is still pending. */
const stateNames: Readonly<Record<EntryState, string>> = {
  done: "held",
  pending: "pending",
  claimed: "pending",
  failed: "failed",
  gone: "gone",
  "no-recording": "no-recording",
  forbidden: "forbidden",
  purged: "purged",
};

/** What is held and what is not, what expires soon, and bytes. */
export async function contentMetrics(ledger: Archive, clock: Pick<Clock, "now">): Promise<readonly Metric[]> {
  const holdings = await ledger.summary();
  const counts = new Map(Object.values(stateNames).map((state) => [state, 0]));
  for (const { state, entries } of holdings) {
    const name = stateNames[state as EntryState] ?? state;
    counts.set(name, (counts.get(name) ?? 0) + entries);
  }
  const held = holdings.filter(({ state }) => state === "done");
  const expiring = await expiringSoon(ledger, clock);
  const { bytes } = await ledger.runTotals();
  return [
    {
      name: "callreel_recordings",
      type: "gauge",
      help: "Recordings that the archive knows, by state.",
      samples: [...counts].map(([state, value]) => ({ labels: { state }, value })),
    },
    {
      name: "callreel_expiring_recordings",
      type: "gauge",
      help: "Recordings not yet downloaded that expire at the source within so many days.",
      samples: expiring.map(({ days, entries }) => ({ labels: { days: String(days) }, value: entries })),
    },
    {
      name: "callreel_bytes_total",
      type: "counter",
      help: "Bytes of recordings that all runs have downloaded into the archive.",
      samples: [{ value: bytes }],
    },
    {
      name: "callreel_held_bytes",
      type: "gauge",
      help: "Bytes of the recordings that the archive holds.",
      samples: [{ value: held.reduce((sum, each) => sum + each.bytes, 0) }],
    },
  ];
}

/** How a download ended; without an exit code it was killed. */
export function runMetrics(seconds: number, exitCode: number | undefined): readonly Metric[] {
  return [
    {
      name: "callreel_run_duration_seconds",
      type: "gauge",
      help: "How long the last download took.",
      samples: [{ value: seconds }],
    },
    {
      name: "callreel_exit_code",
      type: "gauge",
      help: "Exit code of the last download; -1 when it was killed and left none.",
      samples: [{ value: exitCode ?? -1 }],
    },
  ];
}

/** How much of their budgets the sources have used just now. */
export function budgetMetrics({ links }: SourceSet): readonly Metric[] {
  const budgets = [...links].flatMap(([source, { budget }]) => {
    const found = budget?.();
    return found === undefined ? [] : [{ source, ...found }];
  });
  const samples = (value: (each: RequestBudget) => number) =>
    budgets.map((each) => ({ labels: { source: each.source }, value: value(each) }));
  return [
    {
      name: "callreel_budget_used_requests",
      type: "gauge",
      help: "Rate-limited requests that counted in the source's current window when the run ended.",
      samples: samples(({ used }) => used),
    },
    {
      name: "callreel_budget_limit_requests",
      type: "gauge",
      help: "Rate-limited requests that the source allows in a window.",
      samples: samples(({ limit }) => limit),
    },
  ];
}
