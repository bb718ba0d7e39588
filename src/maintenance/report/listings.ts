import type { Listed } from "../../core/model/catalogue.ts";
import type { Archive } from "../../core/model/ledger.ts";
import type { SourceName } from "../../core/model/recording.ts";
import { overlaps, type Stretch, uncovered } from "../../core/proof/coverage.ts";
import { type AuditEntry, auditEntryOf } from "../audit-list.ts";
import type { Period } from "./facts.ts";

/** How a system's calls of the period were listed, and which stretches of it never were. */
export interface ListingFacts {
  readonly source: SourceName;
  /** How many runs and reconciles listed calls of the period, whole. */
  readonly lists: number;
  /** How the last one of them did it, and what it was. */
  readonly last?: { readonly list: Listed; readonly entry: AuditEntry };
  /** Only rows that people gave listed them: whether those were all calls, nobody has asked the system. */
  readonly isGiven: boolean;
  readonly uncovered: readonly Stretch[];
  /** The last list was a reconcile's, and it found differences. */
  readonly differs?: AuditEntry;
}

interface Told {
  readonly listings: readonly ListingFacts[];
  readonly verify?: AuditEntry;
  readonly reconcile?: AuditEntry;
  readonly records: { readonly runs: number; readonly others: number };
}

/** What all records together tell of a period; of one system, where `only` is given. */
export async function readRecords(ledger: Archive, period: Period, only: SourceName | undefined): Promise<Told> {
  const lists = openLists(period, only);
  for (const { source } of await ledger.summary()) lists.know(source);
  let last: Pick<Told, "verify" | "reconcile"> = {};
  const records = { runs: 0, others: 0 };
  for await (const page of ledger.records()) {
    for (const entry of page.map(auditEntryOf)) {
      records[entry.action === "run" ? "runs" : "others"] += 1;
      const concerns = lists.add(entry);
      if (entry.action === "verify") last = { ...last, verify: entry };
      if (entry.action === "reconcile" && concerns) last = { ...last, reconcile: entry };
    }
  }
  return { listings: lists.facts(), ...last, records };
}

function openLists(period: Period, only: SourceName | undefined) {
  const lists = new Map<SourceName, SourceLists>();
  const of = (source: SourceName) => {
    const known = lists.get(source) ?? openSourceLists(source, period);
    lists.set(source, known);
    return known;
  };
  const isWanted = (source: SourceName) => only === undefined || source === only;
  return {
    /** A system that the archive has recordings of. */
    know: (source: SourceName) => void (isWanted(source) && of(source)),
    /** Takes in what was listed whole for a record; whether any of it is of the period. */
    add: (entry: AuditEntry) => {
      const concerns = (entry.listed ?? []).filter((list) => isWanted(list.source) && of(list.source).add(list, entry));
      return concerns.length > 0;
    },
    facts: () => [...lists.values()].map((each) => each.facts()),
  };
}

interface SourceLists {
  /** Takes a list in; whether it is of the period and whole. */
  add(list: Listed, entry: AuditEntry): boolean;
  facts(): ListingFacts;
}

function openSourceLists(source: SourceName, period: Period): SourceLists {
  const covered: Stretch[] = [];
  let [lists, last, differs]: [number, ListingFacts["last"], AuditEntry | undefined] = [0, undefined, undefined];
  return {
    add(list, entry) {
      const stretch = {
        fromMs: list.from === undefined ? -Infinity : Date.parse(list.from),
        toMs: Date.parse(list.to),
      };
      if (list.filtered || !overlaps(stretch, period)) return false;
      lists += 1;
      if (list.by === "call-log") covered.push(stretch);
      // Rows that somebody gives list less than a system that was asked itself.
      if (list.by !== "call-log" && last?.list.by === "call-log") return true;
      last = { list, entry };
      differs = entry.action === "reconcile" && differences(entry) > 0 ? entry : undefined;
      return true;
    },
    facts: () => {
      const isGiven = lists > 0 && covered.length === 0;
      const asked = period.isOpen ? untilListed(period, covered) : period;
      const left = isGiven ? [] : uncovered(asked, covered);
      return { source, lists, ...(last && { last }), isGiven, uncovered: left, ...(differs && { differs }) };
    },
  };
}

function differences({ result }: AuditEntry): number {
  return Number((result as { differences?: unknown } | undefined)?.differences ?? 0);
}

/** A period without an end goes as far as its calls were listed. */
function untilListed({ fromMs, toMs }: Stretch, covered: readonly Stretch[]): Stretch {
  const reached = covered.reduce((latest, each) => Math.max(latest, each.toMs), -Infinity);
  return { fromMs, toMs: reached > fromMs ? Math.min(toMs, reached) : toMs };
}
