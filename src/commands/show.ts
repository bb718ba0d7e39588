import type { Invocation } from "../cli/io.ts";
import { archiveName, openExistingLedger } from "../composition/archive.ts";
import { evidenceInWords } from "../core/download/evidence.ts";
import { type Hold, holdsOver, ruleInWords } from "../core/holds.ts";
import { momentText, timeText } from "../core/local-time.ts";
import type { LedgerEntry } from "../core/model/ledger.ts";
import { formatBytes, formatDuration, formatNumberOf, printable } from "../core/text.ts";
import { type AuditEntry, auditEntryOf } from "../maintenance/audit-list.ts";
import { namedEntries } from "../maintenance/named-entries.ts";

/** Everything that the archive knows of recordings, as lines for people or one JSON object each; 4 where it knows nothing. */
export async function show({ settings, io, args }: Invocation): Promise<number> {
  await using ledger = await openExistingLedger(settings, io);
  const entries = await namedEntries(args, ledger);
  const holds = await ledger.holds();
  const known: Known[] = [];
  for (const entry of entries) {
    const over = entry.state === "purged" ? [] : holdsOver(holds, entry.ref);
    const audits = await ledger.auditsOf(entry.ref.key);
    const history = audits.map((audit) => auditEntryOf({ kind: "audit", ...audit }));
    known.push({ entry, holds: over, history });
  }
  const print = settings.json
    ? (one: Known) => `${JSON.stringify(jsonOf(one))}\n`
    : (one: Known) => linesOf(one, archiveName(settings, io), settings.timezone);
  io.stdout.write(known.map(print).join(settings.json ? "" : "\n"));
  return 0;
}

interface Known {
  readonly entry: LedgerEntry;
  readonly holds: readonly Hold[];
  /** What was done with it besides fetching it, oldest first. */
  readonly history: readonly AuditEntry[];
}

function jsonOf({ entry, holds, history }: Known) {
  const { ref, stored, firstSeenMs, changedMs, ...others } = entry;
  return {
    ...ref,
    start: ref.call.start,
    ...stored,
    ...others,
    firstSeen: new Date(firstSeenMs).toISOString(),
    changed: new Date(changedMs).toISOString(),
    holds: holds.map(({ name, atMs, ...hold }) => ({ hold: name, at: new Date(atMs).toISOString(), ...hold })),
    history: history.map(({ record: _, key: __, ...line }) => line),
  };
}

function linesOf(known: Known, root: string, timezone: string | undefined): string {
  const facts = [...callOf(known.entry, timezone), ...fileOf(known.entry, root), ...storyOf(known, timezone)];
  const lines = facts.filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== "");
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}\n`).join("");
}

type Fact = readonly [name: string, value: string | undefined];

function callOf({ ref }: LedgerEntry, timezone: string | undefined): Fact[] {
  const { call } = ref;
  return [
    ["recording", ref.key],
    ["started", call.start === undefined ? "unknown" : timeText(call.start, timezone)],
    ["call lasted", call.duration === undefined ? undefined : formatDuration(call.duration * 1000)],
    ["direction", call.direction],
    ["from", call.from],
    ["to", call.to],
    ["name", call.name],
    ["extension", [call.extension, call.user].filter(Boolean).join(", ")],
    ["type", call.type],
    ["account", call.account],
    ["session", call.session],
    ["call", call.callId],
    ...Object.entries(ref.locator),
  ];
}

function fileOf({ stored, damage, transcripts = [] }: LedgerEntry, root: string): Fact[] {
  if (stored === undefined) return [];
  return [
    ["file", `${root}/${stored.path}`],
    ["size", `${formatBytes(stored.bytes)} (${formatNumberOf(stored.bytes, "byte")})`],
    ["audio lasts", stored.audioSeconds === undefined ? undefined : formatDuration(stored.audioSeconds * 1000)],
    ["content type", stored.contentType],
    ["SHA-256", stored.sha256],
    ["short", stored.short ? "clearly shorter than its call" : undefined],
    ["note", stored.note],
    ["damage", damage],
    ...transcripts.map(
      ({ path, note }): Fact => ["transcript", `${root}/${path}${note === undefined ? "" : ` (${note})`}`],
    ),
  ];
}

function storyOf({ entry, holds, history }: Known, timezone: string | undefined): Fact[] {
  const { state, lastError, evidence, attempts, firstSeenMs, changedMs, runId } = entry;
  const at = (ms: number) => momentText(ms, timezone);
  return [
    ["state", `${state === "done" ? "held" : state} since ${at(changedMs)}`],
    ["first seen", at(firstSeenMs)],
    ["run", runId],
    ["failed tries", attempts === 0 ? undefined : String(attempts)],
    ["last error", lastError && `${lastError.message} (${lastError.code})`],
    ["evidence", evidence && evidenceInWords(evidence, timezone)],
    ...holds.map((hold): Fact => ["under", holdInWords(hold, timezone)]),
    ...history.map((line): Fact => ["history", auditInWords(line, at)]),
  ];
}

function holdInWords({ name, rule, atMs, by, reason }: Hold, timezone: string | undefined): string {
  const who = by === undefined ? "" : ` by ${by}`;
  const why = reason === undefined ? "" : `: ${reason}`;
  return `${name} since ${momentText(atMs, timezone)}${who}${why} (keeps ${ruleInWords(rule, timezone)})`;
}

function auditInWords(
  { time, action, operator, host, reason, detail }: AuditEntry,
  at: (ms: number) => string,
): string {
  const who = operator === undefined ? "" : ` by ${operator}${host === undefined ? "" : `@${host}`}`;
  const more = [detail, reason].filter((each) => each !== undefined && each !== "").join("; ");
  return `${at(Date.parse(time))} ${action}${who}${more === "" ? "" : `: ${more}`}`;
}
