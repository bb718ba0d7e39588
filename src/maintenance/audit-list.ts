import { csvLine } from "../core/csv-field.ts";
import type { ArchiveRecord, AuditRecord, Listed, RunRecord } from "../core/model/catalogue.ts";
import { formatBytes, formatCount, formatNumberOf, printable } from "../core/text.ts";

/** One line of `callreel audit`: who did what, when, where and why, and what came of it. */
export interface AuditEntry {
  /** When it was done, or when the run began: ISO 8601 in UTC. */
  readonly time: string;
  /** `run`; `playback` and `download` of the player's visitors; else as the record says. */
  readonly action: string;
  readonly operator?: string;
  readonly host?: string;
  readonly key?: string;
  readonly reason?: string;
  /** What came of it, in words. */
  readonly detail: string;
  /** What a run, a verify or a reconcile was asked for and what it came to, as recorded. */
  readonly selection?: unknown;
  readonly result?: unknown;
  /** The calls that were listed whole for it. */
  readonly listed?: readonly Listed[];
  readonly record: { readonly table: "runs" | "audits"; readonly seq: number; readonly hash: string };
}

/** A record as `callreel audit` tells it. */
export function auditEntryOf(record: ArchiveRecord): AuditEntry {
  return record.kind === "run" ? entryOfRun(record) : entryOfAudit(record);
}

function entryOfRun(run: RunRecord): AuditEntry {
  const { seq, hash, started, by, host, selection, listed, ...result } = run;
  const { kind: _, ...told } = result as typeof result & { kind?: unknown };
  return {
    time: started,
    action: "run",
    ...(by !== undefined && { operator: by }),
    ...(host !== undefined && { host }),
    detail: runInWords(run),
    selection,
    result: told,
    ...(listed && { listed }),
    record: { table: "runs", seq, hash },
  };
}

function runInWords({ result, exitCode, done, skipped, failed, rejected, bytes, stoppedBy }: RunRecord): string {
  const end = result === "finished" ? `exit ${exitCode}` : "interrupted";
  const parts = [
    `${formatCount(done)} downloaded (${formatBytes(bytes)})`,
    ...(skipped > 0 ? [`${formatCount(skipped)} skipped`] : []),
    ...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
    ...(rejected > 0 ? [`${formatNumberOf(rejected, "row")} rejected`] : []),
    ...(stoppedBy === undefined ? [] : [`stopped: ${stoppedBy.message}`]),
  ];
  return `${end}: ${parts.join(", ")}`;
}

function entryOfAudit(audit: AuditRecord): AuditEntry {
  const { seq, hash, at, action, key, detail = "", reason } = audit;
  const check = checkOf(detail);
  const [name, host] = check === undefined ? [] : splitOnce(check.by);
  const operator = audit.by ?? name ?? playerVisitor(audit);
  const place = audit.host ?? host;
  return {
    time: at,
    action: action === "playback" && detail.startsWith("downloaded ") ? "download" : action,
    ...(operator !== undefined && { operator }),
    ...(place !== undefined && { host: place }),
    ...(key !== undefined && { key }),
    ...(reason !== undefined && { reason }),
    detail: check === undefined ? plainDetail(audit) : checkInWords(check.told.result),
    ...check?.told,
    record: { table: "audits", seq, hash },
  };
}

/** The words of a record without what stands in its other fields. */
function plainDetail({ action, detail = "", reason }: AuditRecord): string {
  if (action === "playback") return detail.replace(/ by .*$/s, "");
  return detail === reason ? "" : detail;
}

/** Records of before name the player's visitor in their words alone. */
function playerVisitor({ action, detail = "" }: AuditRecord): string | undefined {
  return action === "playback" ? /^\w+ by (.+)$/s.exec(detail)?.[1] : undefined;
}

interface Check {
  /** `name@host`. */
  readonly by: string;
  readonly told: {
    readonly selection: unknown;
    readonly result: Readonly<Record<string, unknown>>;
    readonly listed?: readonly Listed[];
  };
}

/** What a verify or a reconcile noted of itself; undefined for words. */
function checkOf(detail: string): Check | undefined {
  if (!detail.startsWith("{")) return undefined;
  try {
    const { by, ...told } = JSON.parse(detail) as { by?: unknown; result?: unknown };
    if (typeof by !== "string" || typeof told.result !== "object" || told.result === null) return undefined;
    return { by, told: told as Check["told"] };
  } catch {
    return undefined;
  }
}

function splitOnce(by: string): [string, string | undefined] {
  const at = by.lastIndexOf("@");
  return at < 0 ? [by, undefined] : [by.slice(0, at), by.slice(at + 1)];
}

const ownNames: Readonly<Record<string, string>> = { files: "files read", recordings: "recordings listed" };

/** `412 recordings listed, 2 differences, 1 missing, 1 short`. */
function checkInWords(result: Check["told"]["result"]): string {
  return Object.entries(result)
    .filter(([name, value]) => typeof value === "number" && (value > 0 || name in ownNames || name === "differences"))
    .map(([name, value]) =>
      name === "bytes" ? formatBytes(value as number) : `${formatCount(value as number)} ${ownNames[name] ?? name}`,
    )
    .join(", ");
}

/** For people: one line a record. */
export function auditLine(entry: AuditEntry, when: (time: string) => string): string {
  const { time, action, operator = "unknown", host, key, reason, detail } = entry;
  const who = host === undefined ? operator : `${operator}@${host}`;
  const what = [key, detail].filter((part) => part !== undefined && part !== "").join(": ");
  const why = reason === undefined ? "" : ` (reason: ${reason})`;
  return `${printable(`${when(time)}  ${action.padEnd(9)}  ${who}  ${what}${why}`)}\n`;
}

const csvColumns: readonly (readonly [string, (entry: AuditEntry) => string | number | undefined])[] = [
  ["time", ({ time }) => time],
  ["action", ({ action }) => action],
  ["operator", ({ operator }) => operator],
  ["host", ({ host }) => host],
  ["key", ({ key }) => key],
  ["reason", ({ reason }) => reason],
  ["detail", ({ detail }) => detail],
  ["selection", ({ selection }) => (selection === undefined ? "" : JSON.stringify(selection))],
  ["table", ({ record }) => record.table],
  ["seq", ({ record }) => record.seq],
  ["hash", ({ record }) => record.hash],
];

/** The names of the columns, as the first line of the CSV. */
export const auditCsvHeader = `${csvColumns.map(([name]) => name).join(",")}\r\n`;

/** A record as a line of CSV that no spreadsheet calculates. */
export function auditCsvLine(entry: AuditEntry): string {
  return csvLine(csvColumns.map(([, get]) => get(entry)));
}
