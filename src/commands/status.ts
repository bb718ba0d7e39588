import type { Settings } from "../cli/config.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { type Column, formatTable, tableWidth } from "../cli/table.ts";
import { openExistingLedger } from "../composition/archive.ts";
import { expiringSoon } from "../composition/expiring.ts";
import { archiveMetrics } from "../composition/metric-values.ts";
import { type Evidence, evidenceInWords } from "../core/download/evidence.ts";
import { holdsOver } from "../core/holds.ts";
import { momentText, timeText } from "../core/local-time.ts";
import type { Failure, Holding, RunRecord, Shorts } from "../core/model/catalogue.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive, LedgerEntry } from "../core/model/ledger.ts";
import { formatBytes, formatCount, formatDuration, formatNumberOf, printable } from "../core/text.ts";
import { holdsInWords } from "../maintenance/kept-entries.ts";
import { namedEntries } from "../maintenance/named-entries.ts";
import { prometheusText } from "../reporters/prometheus.ts";

/** What the archive holds, what failed and why, what expires at the source and when; with an id, one recording's story. */
export async function status({ settings, io, args }: Invocation): Promise<number> {
  await using ledger = await openExistingLedger(settings, io);
  const [id] = args;
  if (settings.prometheus) return await metricsOf(ledger, { settings, io, args });
  const { timezone } = settings;
  if (id !== undefined) return await oneRecording(id, ledger, io, timezone);
  const holdings = await ledger.summary();
  const failures = await ledger.failures();
  const shorts = await ledger.shorts();
  const runs = await ledger.lastRuns(5);
  const expiring = (await expiringSoon(ledger, io.clock)).filter(({ entries }) => entries > 0);
  if (settings.json) {
    io.stdout.write(`${JSON.stringify({ holdings, failures, shorts, expiring, runs })}\n`);
    return 0;
  }
  const width = tableWidth(io.stdout);
  const print = (text: string) => io.stdout.write(text);
  print(holdings.length === 0 ? "The archive is empty.\n" : formatTable(holdings, holdingColumns, width));
  print(totalLine(holdings));
  if (failures.length > 0) print(`\nNot held:\n${failures.map((failure) => failureLine(failure, timezone)).join("")}`);
  if (shorts.entries > 0) print(shortsLine(shorts));
  for (const line of expiring)
    print(
      `\n${formatNumberOf(line.entries, "recording")} not yet downloaded ${line.entries === 1 ? "expires" : "expire"} within ${line.days} days (oldest call: ${printable(timeText(line.oldest, timezone))}).\n`,
    );
  if (runs.length > 0) print(`\nLast runs:\n${formatTable(runs, runColumns(timezone), width)}`);
  return 0;
}

const holdingColumns: readonly Column<Holding>[] = [
  { title: "SOURCE", value: (row) => row.source },
  { title: "MONTH", value: (row) => row.month || "unknown" },
  { title: "STATE", value: (row) => row.state },
  { title: "RECORDINGS", align: "right", value: (row) => formatCount(row.entries) },
  { title: "SIZE", align: "right", value: (row) => (row.state === "done" ? formatBytes(row.bytes) : "") },
  { title: "AUDIO", align: "right", value: (row) => (row.state === "done" ? formatDuration(row.seconds * 1000) : "") },
];

function totalLine(holdings: readonly Holding[]): string {
  const held = holdings.filter((row) => row.state === "done");
  const sum = (value: (row: Holding) => number) => held.reduce((total, row) => total + value(row), 0);
  return `\n${formatNumberOf(
    sum((row) => row.entries),
    "recording",
  )} held, ${formatBytes(sum((row) => row.bytes))}, ${formatDuration(sum((row) => row.seconds) * 1000)} of audio\n`;
}

function shortsLine({ entries, open, example }: Shorts): string {
  const what = `${formatNumberOf(entries, "recording")} ${entries === 1 ? "is" : "are"}`;
  const again = open === entries ? (open === 1 ? "it" : "them") : `${formatCount(open)} of them`;
  const next = open === 0 ? "each was downloaded once more to make sure" : `the next runs download ${again} once more`;
  return `\n${what} clearly shorter than ${entries === 1 ? "its call" : "their calls"} (for example ${example}); ${next}\n`;
}

const nextSteps: Readonly<Record<string, string>> = {
  pending: "run the same download again",
  failed: "run the same download again; callreel status ID shows more",
  forbidden: "this login may not hear these; run callreel doctor",
  gone: "will be asked for again after a while; --retry-gone asks now",
  "no-recording": "will be asked for again after a while; --retry-gone asks now",
};

/** What to do about recordings that are not held. */
function nextStep(state: string, evidence: Evidence | undefined): string {
  if (evidence?.proven === true && state !== "forbidden") return "proven, nothing to do (--retry-gone asks again)";
  return nextSteps[state] ?? "";
}

function failureLine(failure: Failure, timezone: Settings["timezone"]): string {
  const { source, state, code, entries, message, example, evidence } = failure;
  const words = evidence === undefined ? "" : `; ${evidenceInWords(evidence, timezone)}`;
  return `  ${formatCount(entries)} × ${source} ${code}: ${printable(message)} (for example ${printable(example)}${words})\n      → ${nextStep(state, evidence)}\n`;
}

const runColumns = (timezone: Settings["timezone"]): readonly Column<RunRecord>[] => [
  { title: "STARTED", value: (run) => timeText(run.started, timezone), telling: true },
  { title: "RESULT", value: (run) => (run.result === "finished" ? `exit ${run.exitCode}` : "interrupted") },
  { title: "DONE", align: "right", value: (run) => formatCount(run.done) },
  { title: "SKIPPED", align: "right", optional: true, value: (run) => formatCount(run.skipped) },
  { title: "FAILED", align: "right", value: (run) => formatCount(run.failed) },
  { title: "SIZE", align: "right", optional: true, value: (run) => formatBytes(run.bytes) },
  { title: "TOOK", align: "right", value: (run) => formatDuration(run.ms) },
];

/** The archive's metrics, for a scraper that runs a command. */
async function metricsOf(
  ledger: Archive,
  { settings, io, args }: Pick<Invocation, "settings" | "io" | "args">,
): Promise<number> {
  if (settings.json || args.length > 0) {
    throw new RecordingError("usage", "--prometheus prints the whole archive's metrics: leave out --json and the id.");
  }
  io.stdout.write(prometheusText(await archiveMetrics(ledger, io.clock)));
  return 0;
}

async function oneRecording(id: string, ledger: Archive, io: Io, timezone: Settings["timezone"]): Promise<number> {
  const holds = await ledger.holds();
  for (const entry of await namedEntries([id], ledger)) {
    const over = entry.state === "purged" ? [] : holdsOver(holds, entry.ref);
    const kept = over.length === 0 ? "" : `; under ${holdsInWords(over)}`;
    io.stdout.write(`${printable(`${entry.ref.key}: ${story(entry, timezone)}${kept}`)}\n`);
  }
  return 0;
}

function story(entry: LedgerEntry, timezone: Settings["timezone"]): string {
  const { state, stored, attempts, lastError, evidence, changedMs, runId } = entry;
  const when = momentText(changedMs, timezone);
  if (state === "done")
    return `downloaded ${when} into ${stored?.path} (${formatNumberOf(stored?.bytes ?? 0, "byte")}, SHA-256 ${stored?.sha256}, run ${runId})${note(lastError)}`;
  if (state === "purged") return `purged here on purpose ${when}; not fetched again`;
  const why = lastError === undefined ? "" : `: ${lastError.message} (${lastError.code})`;
  const words = evidence === undefined ? "" : `; ${evidenceInWords(evidence, timezone)}`;
  const next = nextStep(state, evidence);
  return `${state} since ${when} after ${formatNumberOf(attempts, "attempt")}${why}${words}${next === "" ? "" : ` → ${next}`}`;
}

/** What became of the last try to fetch a held recording again. */
function note(lastError: LedgerEntry["lastError"]): string {
  return lastError === undefined ? "" : `; downloading it again failed: ${lastError.message} (${lastError.code})`;
}
