import { resolve } from "node:path";
import type { Settings } from "../../cli/config.ts";
import { windowOf, zoneOf } from "../../cli/dates.ts";
import type { Invocation } from "../../cli/io.ts";
import { archiveFolder } from "../../composition/archive.ts";
import { selectionRecord, verifySeals } from "../../composition/head-and-seals.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { Archive } from "../../core/model/ledger.ts";
import type { Stretch } from "../../core/proof/coverage.ts";
import type { ReportCounts } from "../../core/proof/report.ts";
import { formatNumberOf } from "../../core/text.ts";
import { type Operator, operatorHere } from "../../platform/operator.ts";
import { version } from "../../platform/version.ts";
import { readSeals } from "../../seals/seals.ts";
import type { AuditEntry } from "../audit-list.ts";
import { type ListingFacts, readRecords } from "./listings.ts";

/** The time that a report is of; from the beginning where `fromMs` is -Infinity. */
export interface Period extends Stretch {
  readonly timezone: string;
  /** As `2026-03`, where a month was asked for. */
  readonly month?: string;
  /** No end was given: it ends where the last list did. */
  readonly isOpen: boolean;
}

/** The period that the settings ask for. Throws `usage` where they name no beginning and `needed` is set. */
export function periodOf(settings: Settings, nowMs: number, needed: boolean): Period {
  const { fromMs, toMs } = windowOf(settings, nowMs);
  if (needed && fromMs === undefined) {
    throw new RecordingError("usage", "report: say which period, with --month 2026-03 or --from and --to.");
  }
  if (fromMs !== undefined && fromMs >= (toMs ?? nowMs)) {
    throw new RecordingError("usage", "--from is in the future: there are no calls since then.");
  }
  const { month } = settings;
  return {
    fromMs: fromMs ?? Number.NEGATIVE_INFINITY,
    toMs: toMs ?? nowMs,
    timezone: zoneOf(settings),
    ...(month !== undefined && { month }),
    isOpen: toMs === undefined,
  };
}

/** Everything a report says besides its lines. */
export interface ReportFacts {
  readonly period: Period;
  readonly made: { readonly at: string; readonly by: Operator; readonly version: string; readonly archive: string };
  /** The source's own list was asked just now. */
  readonly live: boolean;
  /** Why the lines are not of all calls in the period, though they were compared with a list. */
  readonly partial?: string;
  readonly counts: ReportCounts;
  readonly accounts: readonly { readonly source: string; readonly account: string; readonly recordings: number }[];
  readonly listings: readonly ListingFacts[];
  readonly verify?: AuditEntry;
  readonly reconcile?: AuditEntry;
  readonly records: { readonly runs: number; readonly others: number };
  /** What is not as it was written; empty where all is. */
  readonly broken: readonly string[];
  readonly head: string;
  readonly seal: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

type Counted = Pick<ReportFacts, "counts" | "accounts" | "live" | "partial">;

/** What the archive's records tell of a period, and whether they are as they were written. */
export async function gatherFacts(
  invocation: Invocation,
  ledger: Archive,
  period: Period,
  counted: Counted,
): Promise<ReportFacts> {
  const { io, settings } = invocation;
  const root = archiveFolder(settings, io);
  const broken = await breaksOf(ledger);
  const { records, ...told } = await readRecords(ledger, period, counted.accounts, settings.source);
  const head = await ledger.head();
  const seal = await sealOf(invocation, root, ledger, head, broken);
  return {
    period,
    made: { at: new Date(io.clock.now()).toISOString(), by: operatorHere(), version: version(), archive: root },
    ...counted,
    ...told,
    records,
    broken,
    head,
    seal,
    settings: selectionRecord(invocation),
  };
}

const mostBreaks = 20;

async function breaksOf(ledger: Archive): Promise<string[]> {
  const broken: string[] = [];
  const chains = { runs: await ledger.verifyRunChain(), audits: await ledger.verifyAuditChain() };
  for (const [name, { broken: found }] of Object.entries(chains)) {
    if (found !== undefined) broken.push(`${name}, record ${found.seq}: ${found.reason}`);
  }
  let outcomes = 0;
  for await (const { name, reason } of ledger.brokenOutcomes()) {
    outcomes += 1;
    if (outcomes <= mostBreaks) broken.push(`${name}: ${reason}`);
  }
  if (outcomes > mostBreaks) broken.push(`and ${formatNumberOf(outcomes - mostBreaks, "recording")} more`);
  return broken;
}

/** What vouches for the head, in words; what is wrong with a seal goes to `broken`. */
async function sealOf(
  { settings, io }: Invocation,
  root: string,
  ledger: Archive,
  head: string,
  broken: string[],
): Promise<string> {
  const seal = readSeals(root).findLast((each) => each !== undefined);
  if (seal === undefined && settings.seal === undefined) return "not sealed";
  if (settings.seal !== undefined) {
    const file = settings.seal;
    const sealed = await verifySeals(resolve(io.cwd, file), root, ledger, ({ message }) =>
      broken.push(`seal: ${message}`),
    );
    if (sealed === undefined) return `no seal holds by ${file}`;
    return `sealed at ${sealed.sealedAt}, checked with ${file}${laterInWords(sealed.later)}`;
  }
  const found = seal && (await ledger.findHead(seal.head));
  if (seal === undefined || found === undefined) {
    broken.push("seal: the archive does not go back to the head of its last seal");
    return "the last seal is of another archive's head";
  }
  const how = "stamp" in seal ? "time-stamped" : `signed with key ${seal.key.slice(0, 16)}…`;
  const later = seal.head === head ? "" : laterInWords(found.later) || "; of an earlier head";
  return `${how} at ${seal.at}${later}; the signature was not checked (--seal FILE does)`;
}

function laterInWords(later: number): string {
  return later === 0 ? "" : `; ${formatNumberOf(later, "outcome has", "outcomes have")} been recorded since`;
}
