import { asRecordingError, type ErrorCode, RecordingError } from "../../../core/model/errors.ts";
import type { Clock } from "../../../core/model/ports.ts";
import type { SharedState } from "../shared-state.ts";
import {
  allowance,
  type Budget,
  beat,
  budgetText,
  groupFor,
  leaseMs,
  parseBudget,
  tidiedGroup,
  used,
} from "./budget.ts";
import { type BudgetStore, beginLogin } from "./budget-store.ts";
import { observeResponse, takePermits } from "./permits.ts";

/** So often at most the database is asked for what it has refused. */
const pollMs = 250;
/** So long the database may be away before the run ends for it; nothing is sent meanwhile. */
const patienceMs = 60_000;
const betweenTriesMs = 1000;

/**
 * One credential's budget in a database, for every machine: one machine at a time changes it, by the database's clock, and
 * a refusal writes nothing. Without the database there is no permit; where it stays away the run ends (`unreachable`).
 */
export function openSharedBudgetStore(shared: SharedState, credential: string, clock: Clock): BudgetStore {
  const name = `budget:${credential}`;
  let known: Budget = parseBudget(undefined);
  /** What the database's clock is ahead of ours. */
  let aheadMs = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;

  async function change<T>(work: (budget: Budget, now: number) => T, keeps: (result: T) => boolean): Promise<T> {
    const begun = clock.monotonic();
    for (;;) {
      try {
        return await shared.update(name, (text, now) => {
          const budget = parseBudget(text);
          const result = work(budget, now);
          known = budget;
          aheadMs = now - clock.now();
          lookedAt = clock.monotonic();
          return keeps(result) ? { text: budgetText(budget), result } : { result };
        });
      } catch (thrown) {
        const error = asRecordingError(thrown);
        if (!passing.has(error.code)) throw error;
        if (clock.monotonic() - begun > patienceMs) throw noDatabase(error);
        await clock.sleep(betweenTriesMs, new AbortController().signal);
      }
    }
  }
  const always = () => true;

  return {
    pollMs,
    async take(asking) {
      const askedAt = clock.monotonic();
      const step = await change(
        (budget, now) => takePermits(budget, asking, now),
        (result) => "count" in result,
      );
      const now = clock.now();
      if (!("count" in step)) {
        const askAgainMs = Math.max(step.askAgainMs - aheadMs, now + pollMs);
        return { reason: step.reason, untilMs: step.untilMs - aheadMs, askAgainMs };
      }
      if (clock.monotonic() - askedAt <= leaseMs / 2) return step;
      // It came too late to be sure that nobody counts it as forgotten.
      await change((budget, at) => observeResponse(budget, unused(asking.kind, asking.permitId), at), always);
      return { reason: "the database", untilMs: now, askAgainMs: now };
    },
    observeResponse: (answered) => change((budget, now) => observeResponse(budget, answered, now), always),
    beginLogin: (owner) =>
      change(
        (budget, now) => beginLogin(budget, owner, now),
        (begun) => begun,
      ),
    endLogin: (owner) =>
      change((budget) => {
        if (budget.login?.owner === owner) budget.login = undefined;
      }, always),
    beat: (owners) =>
      change((budget, now) => {
        for (const owner of owners) beat(budget, owner, now);
      }, always),
    closedByOthers: () => clock.monotonic() - lookedAt > pollMs,
    allowance: (asking) => allowance(groupFor(known, asking.kind), asking),
    used: (kind) => used(tidiedGroup(known, kind, clock.now() + aheadMs)),
  };
}

const passing: ReadonlySet<ErrorCode> = new Set(["unreachable", "reset", "timeout", "server-error"]);

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
