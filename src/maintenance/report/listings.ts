import type { Listed } from "../../core/model/catalogue.ts";
import type { Archive } from "../../core/model/ledger.ts";
import type { SourceName } from "../../core/model/recording.ts";
import { overlaps, type Stretch, uncovered } from "../../core/proof/coverage.ts";
import { type AccountLists, openAccountSorter, stretchOf } from "../../core/proof/listed-accounts.ts";
import { type AuditEntry, auditEntryOf } from "../audit-list.ts";
import type { Period } from "./facts.ts";

/** How an account's calls of the period were listed, and which stretches of it never were. */
export interface ListingFacts {
  readonly source: SourceName;
  /** Absent where nobody knows it. */
  readonly account?: string;
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

export const systemNames: Readonly<Record<SourceName, string>> = { ringcentral: "RingCentral", tim: "TIM Enterprise" };

/** The accounts of the recordings in the period. */
export type Accounts = readonly { readonly source: string; readonly account: string }[];

interface Told {
  readonly listings: readonly ListingFacts[];
  readonly verify?: AuditEntry;
  readonly reconcile?: AuditEntry;
  readonly records: { readonly runs: number; readonly others: number };
}

/** What all records together tell of a period; of one system, where `only` is given. */
export async function readRecords(
  ledger: Archive,
  period: Period,
  accounts: Accounts,
  only: SourceName | undefined,
): Promise<Told> {
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
  return { listings: lists.facts(accounts), ...last, records };
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
    facts: (accounts: Accounts) =>
      [...lists].flatMap(([source, each]) => {
        const present = accounts.filter((account) => account.source === source && account.account !== "");
        return each.facts(present.map(({ account }) => account));
      }),
  };
}

interface SourceLists {
  /** Takes a list in; whether it is of the period and whole. */
  add(list: Listed, entry: AuditEntry): boolean;
  /** `present` are the accounts of the period's recordings. */
  facts(present: readonly string[]): readonly ListingFacts[];
}

function openSourceLists(source: SourceName, period: Period): SourceLists {
  const asked = openAccountSorter<AuditEntry>(period);
  let [given, last]: [number, ListingFacts["last"]] = [0, undefined];
  return {
    add(list, entry) {
      if (list.by === "call-log") return asked.add(list, entry);
      if (list.filtered || !overlaps(stretchOf(list), period)) return false;
      given += 1;
      last = { list, entry };
      return true;
    },
    // Rows that somebody gives count only where the system itself was never asked.
    facts: (present) => {
      const groups = asked.groups();
      const isAsked = groups.some(({ covered }) => covered.length > 0);
      if (last !== undefined && !isAsked) {
        return [{ source, lists: given, last, isGiven: true, uncovered: [], ...differing(last.entry) }];
      }
      const listed = groups.map((group) => factsOf(source, group, period));
      if (listed.length === 0) return [{ source, lists: 0, isGiven: false, uncovered: [wholeOf(period)] }];
      const known = new Set(groups.flatMap(({ accounts }) => accounts));
      const unknown = known.size === 0 ? [] : present.filter((account) => !known.has(account));
      const never = { source, lists: 0, isGiven: false, uncovered: [wholeOf(period)] } as const;
      return [...listed, ...unknown.map((account) => ({ ...never, account }))];
    },
  };
}

function factsOf(
  source: SourceName,
  { accounts, covered, last }: AccountLists<AuditEntry>,
  period: Period,
): ListingFacts {
  const asked = period.isOpen ? untilListed(period, covered) : period;
  return {
    source,
    ...(accounts.length > 0 && { account: accounts.join(", ") }),
    lists: covered.length,
    ...(last && { last: { list: last.list, entry: last.origin }, ...differing(last.origin) }),
    isGiven: false,
    uncovered: uncovered(asked, covered),
  };
}

function wholeOf({ fromMs, toMs }: Stretch): Stretch {
  return { fromMs, toMs };
}

function differing(entry: AuditEntry): Pick<ListingFacts, "differs"> {
  const { differences = 0 } = (entry.result ?? {}) as { differences?: unknown };
  return entry.action === "reconcile" && Number(differences) > 0 ? { differs: entry } : {};
}

/** A period without an end goes as far as its calls were listed. */
function untilListed({ fromMs, toMs }: Stretch, covered: readonly Stretch[]): Stretch {
  const reached = covered.reduce((latest, each) => Math.max(latest, each.toMs), -Infinity);
  return { fromMs, toMs: reached > fromMs ? Math.min(toMs, reached) : toMs };
}
