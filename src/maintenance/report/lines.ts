import { momentText } from "../../core/local-time.ts";
import type { Archive, EntryFilter, LedgerEntry } from "../../core/model/ledger.ts";
import type { Store } from "../../core/model/store.ts";
import { type Reconciled, type ReconcileRules, reconcileRef } from "../../core/proof/reconcile.ts";
import { openReportTally, type ReportLine, reportLine, undatedLine } from "../../core/proof/report.ts";
import { lookAt } from "../look-at-files.ts";
import type { ReportFacts } from "./facts.ts";
import { openSpool, type Spool } from "./spool.ts";

/** A report's lines as they are found, counted. Disposing forgets them. */
export interface ReportLines extends Disposable {
  readonly spool: Spool;
  add(line: ReportLine): void;
  counted(): Pick<ReportFacts, "counts" | "accounts">;
}

export function openReportLines(): ReportLines {
  const spool = openSpool();
  const tally = openReportTally();
  const accounts = new Map<string, { source: string; account: string; recordings: number }>();
  return {
    spool,
    add(line) {
      spool.add(line);
      tally.add(line);
      const { source, account = "", kind } = line;
      // A purge has taken the account away.
      if (source === undefined || kind === "purged") return;
      const known = accounts.get(`${source} ${account}`) ?? { source, account, recordings: 0 };
      accounts.set(`${source} ${account}`, { ...known, recordings: known.recordings + 1 });
    },
    counted: () => ({ counts: tally.counts(), accounts: [...accounts.values()] }),
    [Symbol.dispose]: () => spool[Symbol.dispose](),
  };
}

/** What the ledger knows of a period, and what of it may be of that period; files are looked at, not read. */
export async function addLedgerLines(
  lines: ReportLines,
  ledger: Archive,
  filter: EntryFilter,
  { store, rules, stop }: { readonly store: Store; readonly rules: ReconcileRules; readonly stop: AbortSignal },
): Promise<void> {
  for await (const page of ledger.entries(filter)) {
    stop.throwIfAborted();
    const look = await lookAt(store, page);
    for (const entry of page) {
      const found = reconcileRef(entry.ref, entry, look, rules);
      lines.add(await withPurge(reportLine(found, entry), ledger, rules.timezone));
    }
  }
  const { window, ...others } = filter;
  if (window === undefined) return;
  for await (const page of ledger.entries({ ...others, isUndated: true })) {
    for (const entry of page) if (entry.state !== "purged") lines.add(undatedLine(entry));
  }
}

/** The line of a recording that the source's own list has, or that it lacks. */
export async function addListedLine(
  lines: ReportLines,
  ledger: Archive,
  found: Reconciled | undefined,
  entry: LedgerEntry | undefined,
  timezone: string | undefined,
): Promise<void> {
  lines.add(await withPurge(reportLine(found, entry), ledger, timezone));
}

/** Of what was purged: by whom, when and why. */
async function withPurge(line: ReportLine, ledger: Archive, timezone: string | undefined): Promise<ReportLine> {
  if (line.kind !== "purged" || line.key === undefined) return line;
  const purge = (await ledger.auditsOf(line.key)).findLast(({ action }) => action === "purge");
  if (purge === undefined) return line;
  const by = purge.by === undefined ? "" : ` by ${purge.by}`;
  const why = purge.detail === undefined ? "" : `: ${purge.detail}`;
  return { ...line, reason: `purged on purpose ${momentText(Date.parse(purge.at), timezone)}${by}${why}` };
}
