import type { RateHeaders } from "./answers.ts";
import { allowance, type Budget, type Group, groupOf, heldUntil, marginOf, tidiedGroup, used } from "./budget.ts";

/** What became of a permit's requests. */
export interface Answered {
  readonly kind: string;
  readonly permitId: string;
  /** How many of the permit's requests went out; the permit closes with this answer unless `keepOpen`. */
  readonly sent: number;
  readonly keepOpen: boolean;
  readonly status: number | undefined;
  readonly rate: RateHeaders;
  readonly retryAfterMs: number | undefined;
  readonly ratePerMinute: number | undefined;
}

const defaultPenaltyMs = 60_000;
const penaltyMarginMs = 250;
const mostGroups = 32;

/** Learns from an answer: its group, the limits, what others have used, and a penalty. */
export function learnFromAnswer(budget: Budget, answered: Answered, now: number): void {
  const { kind, rate } = answered;
  const assumed = groupOf(budget, kind);
  const name = rate.group ?? assumed;
  if (name !== assumed && budget.groups.size < mostGroups) budget.kinds.set(kind, name);
  const group = tidiedGroup(budget, kind, now);
  if (rate.limit !== undefined || (answered.status !== undefined && answered.status < 300)) {
    group.limit = rate.limit ?? group.limit;
    group.windowMs = rate.windowMs ?? group.windowMs;
    group.learnedMs = now;
  }
  closePermit(budget, group, answered, now);
  compareCounts(group, answered, now);
  if (answered.status === 429) penalise(budget, group, answered, now);
}

function closePermit(budget: Budget, group: Group, answered: Answered, now: number): void {
  for (const held of budget.groups.values()) {
    const at = held.permits.findIndex((permit) => permit.id === answered.permitId);
    const permit = held.permits[at];
    if (permit === undefined) continue;
    permit.count = answered.sent;
    if (held !== group) {
      held.permits.splice(at, 1);
      group.permits.push(permit);
    }
    if (answered.keepOpen) return;
    permit.open = false;
    const { windowMs } = allowance(group, answered);
    permit.untilMs = now + windowMs + marginOf(windowMs);
    if (permit.count === 0) group.permits.splice(group.permits.indexOf(permit), 1);
    return;
  }
}

/**
 * Compares the server's count with ours. What it counts beyond ours was sent by others with the same login, and counts
 * for a whole window. What it no longer counts has left its window, if by the time it was sent it can have.
 */
function compareCounts(group: Group, answered: Answered, now: number): void {
  const { rate } = answered;
  if (rate.limit === undefined || rate.remaining === undefined) return;
  const theirs = rate.limit - rate.remaining;
  const { windowMs } = allowance(group, answered);
  const unknown = theirs - used(group);
  if (unknown > 0) {
    const untilMs = now + windowMs + marginOf(windowMs);
    group.permits.push({ id: "", owner: "", count: unknown, sentMs: now, open: false, untilMs });
  }
  let gone = group.permits.reduce((sum, { count, open }) => (open ? sum : sum + count), 0) - theirs;
  group.permits = group.permits.filter((permit) => {
    if (permit.open || permit.count > gone || permit.sentMs + windowMs > now) return true;
    gone -= permit.count;
    return false;
  });
}

function penalise(budget: Budget, group: Group, answered: Answered, now: number): void {
  const lastsMs = (answered.retryAfterMs ?? defaultPenaltyMs) + penaltyMarginMs;
  const penalty = { untilMs: now + lastsMs, lastsMs };
  group.learnedMs = 0;
  if (penalty.untilMs > heldUntil(group.penalty, now)) group.penalty = penalty;
  const { rate } = answered;
  const ofGroup = rate.group !== undefined || rate.limit !== undefined || rate.remaining !== undefined;
  if (!ofGroup && penalty.untilMs > heldUntil(budget.penalty, now)) budget.penalty = penalty;
}
