import type { Clock } from "../../../core/model/ports.ts";
import type { State } from "../state.ts";
import {
  allowance,
  type Budget,
  beat,
  budgetText,
  groupFor,
  heldUntil,
  leaseMs,
  loginUnderWay,
  type PermitBlock,
  parseBudget,
  tidiedGroup,
  used,
} from "./budget.ts";
import { type Answered, type Asking, observeResponse, takePermits, type Wait } from "./permits.ts";

/** At once where the state is on this machine, later where it is a database's. */
export type SoonOr<T> = T | Promise<T>;

/**
 * One credential's budget of requests in the state that all processes share; each change is one transaction, and they
 * come in the order in which they were asked for.
 */
export interface BudgetStore {
  /** How long to wait before asking again whether another has ended its login. */
  readonly pollMs: number;
  take(asking: Asking): SoonOr<PermitBlock | Wait>;
  observeResponse(answered: Answered): SoonOr<void>;
  /** Whether the right to ask for a token is now the owner's alone. */
  beginLogin(owner: string): SoonOr<boolean>;
  endLogin(owner: string): SoonOr<void>;
  /** Confirms that these owners are alive. */
  beat(owners: readonly string[]): SoonOr<void>;
  /** Calls `wake` when it may be worth asking again, until what it returns is called; where nobody can tell, absent. */
  onWake?(wake: () => void): () => void;
  /** Whether another may have written, since last asked, that requests of these kinds must wait. */
  closedByOthers(kinds: Iterable<string>): boolean;
  allowance(asking: Pick<Asking, "kind" | "ratePerMinute">): { readonly limit: number; readonly windowMs: number };
  /** How many requests of this kind's group count just now. */
  used(kind: string): number;
}

export function openBudgetStore(state: State, credential: string, clock: Clock): BudgetStore {
  const name = `budget:${credential}`;
  let version = -1;

  function change<T>(work: (budget: Budget, now: number) => T): T {
    return state.update(name, (text) => {
      const budget = parseBudget(text);
      const result = work(budget, clock.now());
      return { text: budgetText(budget), result };
    });
  }

  return {
    pollMs: 25,
    take: (asking) => change((budget, now) => takePermits(budget, asking, now)),
    observeResponse: (answered) => change((budget, now) => observeResponse(budget, answered, now)),
    beginLogin: (owner) => change((budget, now) => beginLogin(budget, owner, now)),
    endLogin: (owner) =>
      change((budget) => {
        if (budget.login?.owner === owner) budget.login = undefined;
      }),
    beat: (owners) =>
      change((budget, now) => {
        for (const owner of owners) beat(budget, owner, now);
      }),
    closedByOthers(kinds) {
      const latest = state.version();
      if (latest === version) return false;
      version = latest;
      return isClosed(parseBudget(state.read(name)), kinds, clock.now());
    },
    allowance: (asking) => allowance(groupFor(parseBudget(state.read(name)), asking.kind), asking),
    used: (kind) => used(tidiedGroup(parseBudget(state.read(name)), kind, clock.now())),
  };
}

/** Gives the right to ask for a token to one owner at a time. */
export function beginLogin(budget: Budget, owner: string, now: number): boolean {
  if (loginUnderWay(budget, now) && budget.login?.owner !== owner) return false;
  budget.login = { owner, untilMs: now + leaseMs };
  return true;
}

function isClosed(budget: Budget, kinds: Iterable<string>, now: number): boolean {
  const penalties = [budget.penalty, ...[...kinds].map((kind) => groupFor(budget, kind).penalty)];
  return loginUnderWay(budget, now) || penalties.some((penalty) => heldUntil(penalty, now) > now);
}
