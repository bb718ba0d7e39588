import type { Invocation } from "../command.ts";
import type { Failure, Holding, RunRecord } from "../core/catalogue.ts";
import { RecordingError } from "../core/errors.ts";
import { formatBytes, formatCount, formatDuration } from "../core/format.ts";
import type { Archive, LedgerEntry } from "../core/ports.ts";
import type { SourceName } from "../core/recording.ts";
import type { Io } from "../io.ts";
import { type Column, formatTable } from "../table.ts";
import { openExistingLedger } from "../wire/archive.ts";

/** What the archive holds, what failed and why, what expires at the source and when; with an id, one recording's story. */
export async function status({ settings, io, args }: Invocation): Promise<number> {
  await using ledger = await openExistingLedger(settings, io);
  const [id] = args;
  if (id !== undefined) return await oneRecording(id, ledger, io);
  const holdings = await ledger.summary();
  const failures = await ledger.failures();
  const runs = await ledger.lastRuns(5);
  const expiring = await expiringSoon(ledger, io);
  if (settings.json) {
    io.stdout.write(`${JSON.stringify({ holdings, failures, expiring, runs })}\n`);
    return 0;
  }
  const print = (text: string) => io.stdout.write(text);
  print(holdings.length === 0 ? "The archive is empty.\n" : formatTable(holdings, holdingColumns));
  print(totalLine(holdings));
  if (failures.length > 0) print(`\nNot held:\n${failures.map(failureLine).join("")}`);
  for (const line of expiring)
    print(
      `\n${line.entries} still wanted recordings of ${line.source} will be gone at the source within ${line.days} days (oldest call ${line.oldest}).\n`,
    );
  if (runs.length > 0) print(`\nLast runs:\n${formatTable(runs, runColumns)}`);
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
  return `\n${formatCount(sum((row) => row.entries))} recordings held, ${formatBytes(sum((row) => row.bytes))}, ${formatDuration(sum((row) => row.seconds) * 1000)} of audio\n`;
}

const nextSteps: Readonly<Record<string, string>> = {
  pending: "run the same download again",
  failed: "run the same download again; callreel status ID tells more",
  forbidden: "the login may not hear these: see callreel doctor",
  gone: "deleted or expired at the source; nothing can be done",
  "no-recording": "the source has none",
};

function failureLine({ source, state, code, entries, message, example }: Failure): string {
  const next = nextSteps[state] ?? "";
  return `  ${formatCount(entries)} × ${source} ${code}: ${message} (as ${example})\n      → ${next}\n`;
}

const runColumns: readonly Column<RunRecord>[] = [
  { title: "STARTED", value: (run) => run.started.slice(0, 19).replace("T", " ") },
  { title: "RESULT", value: (run) => (run.result === "finished" ? `exit ${run.exitCode}` : "interrupted") },
  { title: "DONE", align: "right", value: (run) => formatCount(run.done) },
  { title: "SKIPPED", align: "right", value: (run) => formatCount(run.skipped) },
  { title: "FAILED", align: "right", value: (run) => formatCount(run.failed) },
  { title: "SIZE", align: "right", value: (run) => formatBytes(run.bytes) },
  { title: "TOOK", align: "right", value: (run) => formatDuration(run.ms) },
];

interface Expiring {
  readonly source: SourceName;
  readonly days: number;
  readonly entries: number;
  readonly oldest: string | undefined;
}

const dayMs = 86_400_000;
/** How long RingCentral keeps recordings unless the account says otherwise. */
const retentionDays = 90;

async function expiringSoon(ledger: Archive, { clock }: Io): Promise<Expiring[]> {
  const retention = Number(await ledger.get("retention-days:ringcentral")) || retentionDays;
  const expiring: Expiring[] = [];
  for (const days of [7, 30]) {
    const before = new Date(clock.now() - (retention - days) * dayMs).toISOString();
    const { entries, oldest } = await ledger.waiting("ringcentral", before);
    if (entries > 0) expiring.push({ source: "ringcentral", days, entries, oldest });
  }
  return expiring;
}

async function oneRecording(id: string, ledger: Archive, io: Io): Promise<number> {
  const key = id.replace(/^\/?r\//, "");
  let found = 0;
  const tell = (entry: LedgerEntry) => {
    found += 1;
    io.stdout.write(`${entry.ref.key}: ${story(entry)}\n`);
  };
  const exact = await ledger.entry(key);
  if (exact !== undefined) tell(exact);
  else for await (const page of ledger.entries({ id })) page.forEach(tell);
  if (found === 0) throw new RecordingError("not-found", `The archive knows nothing of ${id}.`);
  return 0;
}

function story({ state, stored, attempts, lastError, changedMs, runId }: LedgerEntry): string {
  const when = new Date(changedMs).toISOString().slice(0, 19).replace("T", " ");
  if (state === "done")
    return `downloaded ${when} UTC into ${stored?.path} (${stored?.bytes} bytes, SHA-256 ${stored?.sha256}, run ${runId})`;
  if (state === "purged") return `purged here on purpose ${when} UTC; not fetched again`;
  const why = lastError === undefined ? "" : `: ${lastError.message} (${lastError.code})`;
  const next = nextSteps[state] === undefined ? "" : ` → ${nextSteps[state]}`;
  return `${state} since ${when} UTC after ${attempts} attempts${why}${next}`;
}
