import { asRecordingError, type ErrorCode, RecordingError } from "../../../core/model/errors.ts";
import type { Clock } from "../../../core/model/ports.ts";
import type { Fence, SharedState } from "../shared-state.ts";
import {
  allowance,
  type Budget,
  beat,
  budgetText,
  groupFor,
  leaseMs,
  type PermitBlock,
  parseBudget,
  tidiedGroup,
  used,
} from "./budget.ts";
import { type BudgetStore, beginLogin } from "./budget-store.ts";
import { type Answered, type Asking, observeResponse, takePermits, type Wait } from "./permits.ts";

/** So often at most the database is asked for what it has refused, unless it wakes us. */
const pollMs = 250;
/** A machine that waits and did not ask for so long may be dead: the others do not leave it its turn any longer. */
const turnMs = 1000;

/**
 * One credential's budget in a database, for every machine: one machine at a time changes it, by the database's clock. A
 * refusal writes nothing but, now and then, that somebody waits: for that one's turn, and to be woken by NOTIFY. Without
 * the database, which its connection waits for, there is no permit; where it stays away the run ends (`unreachable`). Behind a fence neither permits nor the
 * right to log in are given once that throws.
 */
export function openSharedBudgetStore(
  shared: SharedState,
  credential: string,
  clock: Clock,
  fence?: Fence,
): BudgetStore {
  const name = `budget:${credential}`;
  let known: Budget = parseBudget(undefined);
  /** What the database's clock is ahead of ours. */
  let aheadMs = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;

  async function change<T>(work: (budget: Budget, now: number) => Changed<T>, behind?: Fence): Promise<T> {
    try {
      return await shared.update(
        name,
        (text, now) => {
          const budget = parseBudget(text);
          const { result, keep = true, wakes = false } = work(budget, now);
          known = budget;
          aheadMs = now - clock.now();
          lookedAt = clock.monotonic();
          return {
            result,
            ...(keep ? { text: budgetText(budget) } : {}),
            wakes: wakes && someoneWaits(budget, now),
          };
        },
        behind,
      );
    } catch (thrown) {
      const error = asRecordingError(thrown);
      throw away.has(error.code) ? noDatabase(error) : error;
    }
  }

  const observed = (answered: Answered) =>
    change((budget, now) => ({
      result: observeResponse(budget, answered, now),
      wakes: true,
    }));

  return {
    pollMs,
    onWake: (wake) => shared.onWake(name, wake),
    async take(asking) {
      const askedAt = clock.monotonic();
      const step = await change((budget, now) => taken(budget, asking, now), fence);
      const now = clock.now();
      if (!("count" in step)) {
        const askAgainMs = Math.max(step.askAgainMs - aheadMs, now + pollMs);
        return { reason: step.reason, untilMs: step.untilMs - aheadMs, askAgainMs };
      }
      if (clock.monotonic() - askedAt <= leaseMs / 2) return step;
      // It came too late to be sure that nobody counts it as forgotten.
      await observed(unused(asking.kind, asking.permitId));
      return { reason: "the database", untilMs: now, askAgainMs: now };
    },
    observeResponse: observed,
    beginLogin: (owner) =>
      change((budget, now) => {
        const begun = beginLogin(budget, owner, now);
        return { result: begun, keep: begun };
      }, fence),
    endLogin: (owner) =>
      change((budget) => {
        if (budget.login?.owner === owner) budget.login = undefined;
        return { result: undefined, wakes: true };
      }),
    beat: (owners) =>
      change((budget, now) => {
        for (const owner of owners) beat(budget, owner, now);
        return { result: undefined };
      }),
    closedByOthers: () => clock.monotonic() - lookedAt > pollMs,
    allowance: (asking) => allowance(groupFor(known, asking.kind), asking),
    used: (kind) => used(tidiedGroup(known, kind, clock.now() + aheadMs)),
  };
}

/** What a change came to; kept unless told, and whether it lets others go on. */
interface Changed<T> {
  readonly result: T;
  readonly keep?: boolean;
  readonly wakes?: boolean;
}

/** A permit, or a refusal that is kept only where the others do not know yet that we wait. */
function taken(budget: Budget, asking: Asking, now: number): Changed<PermitBlock | Wait> {
  const group = groupFor(budget, asking.kind);
  // Granted before by a commit whose answer was lost on the way: it was never used.
  group.permits = group.permits.filter(({ id }) => id !== asking.permitId);
  const notedMs = group.turns.find(({ owner }) => owner === asking.owner)?.asksMs ?? 0;
  const step = takePermits(budget, asking, now, turnMs);
  return {
    result: step,
    keep: "count" in step || step.askAgainMs > notedMs + turnMs / 2,
  };
}

function someoneWaits({ groups }: Budget, now: number): boolean {
  return [...groups.values()].some(({ turns }) => turns.some(({ asksMs }) => asksMs > now - turnMs));
}

const away: ReadonlySet<ErrorCode> = new Set(["unreachable", "reset", "timeout", "server-error"]);

function unused(kind: string, permitId: string) {
  return {
    kind,
    permitId,
    sent: 0,
    keepOpen: false,
    status: undefined,
    rate: {},
    retryAfterMs: undefined,
    ratePerMinute: undefined,
  };
}

function noDatabase(cause: RecordingError): RecordingError {
  const message = `The database that shares RingCentral's budget cannot be reached, so nothing may be sent. ${cause.message}`;
  return new RecordingError("unreachable", message, { verdict: "stop", cause });
}
