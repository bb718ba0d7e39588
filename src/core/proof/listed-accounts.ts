import type { Listed } from "../model/catalogue.ts";
import { overlaps, type Stretch } from "./coverage.ts";

/** The lists of one account, or of one login whose account nobody knows. */
export interface AccountLists<Origin> {
  /** Its accounts: one, as a rule; none where its lists never held a recording. */
  readonly accounts: readonly string[];
  /** When calls of the period were listed whole. */
  readonly covered: readonly Stretch[];
  readonly last: { readonly list: Listed; readonly origin: Origin } | undefined;
}

export interface AccountSorter<Origin> {
  /** Takes in a list of a system's call log; whether it is of the period, and whole. */
  add(list: Listed, origin: Origin): boolean;
  /** Lists by account: another login of the same account counts for it, one of another account does not. */
  groups(): readonly AccountLists<Origin>[];
}

interface Group<Origin> {
  readonly logins: Set<string>;
  readonly accounts: Set<string>;
  readonly covered: Stretch[];
  last: AccountLists<Origin>["last"];
}

/** Sorts the lists of one system by account, as they come, oldest first. */
export function openAccountSorter<Origin>(period: Stretch): AccountSorter<Origin> {
  const whole: Group<Origin>[] = [];
  const own: Group<Origin>[] = [];
  return {
    add(list, origin) {
      const groups = list.own ? own : whole;
      const group = groupOf(groups, list);
      const stretch = stretchOf(list);
      if (list.filtered || !overlaps(stretch, period)) return false;
      group.covered.push(stretch);
      group.last = { list, origin };
      return true;
    },
    // Who may see all calls of an account has listed those of each of its logins.
    groups: () =>
      known(whole.length > 0 ? whole : own).map(({ accounts, ...group }) => ({ accounts: [...accounts], ...group })),
  };
}

/** The time that a list is of. */
export function stretchOf({ from, to }: Listed): Stretch {
  return { fromMs: from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from), toMs: Date.parse(to) };
}

/** The group of the list's login or of one of its accounts; what turns out to be one account becomes one group. */
function groupOf<Origin>(groups: Group<Origin>[], { login = "", accounts = [] }: Listed): Group<Origin> {
  const isOne = (group: Group<Origin>) =>
    group.logins.has(login) || accounts.some((account) => group.accounts.has(account));
  const [first = newGroup<Origin>(), ...others] = groups.filter(isOne);
  first.logins.add(login);
  for (const account of accounts) first.accounts.add(account);
  for (const other of others) merge(first, other);
  groups.splice(0, groups.length, ...groups.filter((group) => !isOne(group)), first);
  return first;
}

function newGroup<Origin>(): Group<Origin> {
  return { logins: new Set(), accounts: new Set(), covered: [], last: undefined };
}

function merge<Origin>(into: Group<Origin>, from: Group<Origin>): void {
  for (const login of from.logins) into.logins.add(login);
  for (const account of from.accounts) into.accounts.add(account);
  into.covered.push(...from.covered);
  into.last ??= from.last;
}

/** A login that never saw a recording is of the only account there is; where there are several, nobody knows of which. */
function known<Origin>(groups: readonly Group<Origin>[]): readonly Group<Origin>[] {
  const named = groups.filter(({ accounts }) => accounts.size > 0);
  if (named.length > 1) return named;
  const [first = groups[0], ...others] = [...named, ...groups.filter(({ accounts }) => accounts.size === 0)];
  if (first === undefined) return [];
  const all = newGroup<Origin>();
  for (const group of [first, ...others]) merge(all, group);
  return [all];
}
