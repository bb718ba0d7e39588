import { formatDuration, formatNumberOf } from "../../../core/text.ts";
import {
  allowance,
  type Budget,
  type Group,
  groupOf,
  heldUntil,
  leaseMs,
  loginUnderWay,
  marginOf,
  type PermitBlock,
  tidiedGroup,
  tokenKind,
  used,
} from "./budget.ts";
import type { RateHeaders } from "./rate-headers.ts";

/** Who asks for a permit, and for what. */
export interface Asking {
  readonly kind: string;
  readonly owner: string;
  readonly permitId: string;
  readonly ratePerMinute: number | undefined;
}

/** Why not now, until when (for people), and when asking again makes sense. */
export interface Wait {
  readonly reason: string;
  readonly untilMs: number;
  readonly askAgainMs: number;
}

const shortestSpacingMs = 50;
/** So late at most after the time that it named does a waiting process of this machine ask. */
const localTurnMs = 50;

/**
 * Grants a permit or says when to ask again. Where the mean spacing of the budget is 50 ms or more the rule is exact:
 * the next request goes out once the head of the one before is here (or one spacing later), so that every answer's
 * word on the budget is heard first, and none is under way when a penalty begins. Faster budgets go in blocks. Whoever
 * waits and is not heard of for `turnMs` after it should have asked loses its turn to the others.
 */
export function takePermits(budget: Budget, asking: Asking, now: number, turnMs = localTurnMs): PermitBlock | Wait {
  const group = tidiedGroup(budget, asking.kind, now);
  const { limit, windowMs } = allowance(group, asking);
  const spacing = windowMs / limit;
  const fresh = now - group.learnedMs < Math.max(windowMs, 60_000);
  const exact = !fresh || spacing >= shortestSpacingMs;
  const poll = Math.min(25, Math.max(5, spacing / 20));

  const step =
    closedFor(budget, group, asking, now) ??
    full(group, asking.kind, limit, windowMs, poll, now) ??
    (exact
      ? (headUnderWay(group, spacing, poll, now) ?? othersTurn(group, asking.owner, poll, now, turnMs))
      : undefined);
  if (step !== undefined) {
    noteTurn(group, asking.owner, { asksMs: step.askAgainMs });
    return step;
  }
  const free = limit - used(group);
  const count = exact ? 1 : Math.min(free, Math.ceil(shortestSpacingMs / spacing));
  const permit = { id: asking.permitId, owner: asking.owner, count, sentMs: now, open: true, untilMs: 0 };
  permit.untilMs = now + leaseMs + windowMs;
  group.permits.push(permit);
  noteTurn(group, asking.owner, { asksMs: 0, grantedMs: now });
  return permit;
}

function closedFor(budget: Budget, group: Group, asking: Asking, now: number): Wait | undefined {
  if (asking.kind !== tokenKind && loginUnderWay(budget, now)) {
    return { reason: "a login in progress", untilMs: now, askAgainMs: now + 20 };
  }
  const until = Math.max(heldUntil(budget.penalty, now), heldUntil(group.penalty, now));
  if (until <= now) return undefined;
  return { reason: "RingCentral's pause after too many requests (429)", untilMs: until, askAgainMs: until };
}

function full(
  group: Group,
  kind: string,
  limit: number,
  windowMs: number,
  poll: number,
  now: number,
): Wait | undefined {
  if (used(group) < limit) return undefined;
  const ends = group.permits.map((permit) => (permit.open ? permit.sentMs + windowMs : permit.untilMs));
  const closed = group.permits.filter((permit) => !permit.open).map((permit) => permit.untilMs);
  const surplus = group.permits.length - limit;
  const untilMs = nth(ends, Math.max(0, surplus)) ?? now + windowMs;
  return {
    reason: limitInWords(kind, limit, windowMs),
    untilMs,
    askAgainMs: nth(closed, 0) ?? now + poll,
  };
}

/** `RingCentral's limit (10 requests a minute)`, `RingCentral's limit on an app's logins (5 requests a minute)`. */
function limitInWords(kind: string, limit: number, windowMs: number): string {
  const window = windowMs === 60_000 ? "a minute" : `in ${formatDuration(windowMs)}`;
  const what = kind === tokenKind ? "RingCentral's limit on an app's logins" : "RingCentral's limit";
  return `${what} (${formatNumberOf(limit, "request")} ${window})`;
}

function headUnderWay(group: Group, spacing: number, poll: number, now: number): Wait | undefined {
  const sent = group.permits.filter((permit) => permit.open).map((permit) => permit.sentMs);
  const until = Math.max(...sent, -Infinity) + spacing;
  if (!(until > now)) return undefined;
  return { reason: "the previous answer", untilMs: now, askAgainMs: Math.min(until, now + poll) };
}

/** Another process that asks just now and got its last permit before ours goes first. */
function othersTurn(group: Group, owner: string, poll: number, now: number, turnMs: number): Wait | undefined {
  const mine = Math.min(group.turns.find((turn) => turn.owner === owner)?.grantedMs ?? 0, now);
  const other = group.turns.find(
    (turn) => turn.owner !== owner && turn.grantedMs < mine && turn.asksMs > now - turnMs && turn.asksMs <= now + poll,
  );
  if (other === undefined) return undefined;
  return { reason: "another process's turn", untilMs: now, askAgainMs: Math.max(now, other.asksMs) + 3 };
}

function noteTurn(group: Group, owner: string, change: { asksMs: number; grantedMs?: number }): void {
  const turn = group.turns.find((entry) => entry.owner === owner);
  if (turn !== undefined) Object.assign(turn, change);
  else if (group.turns.length < 200) group.turns.push({ owner, grantedMs: 0, ...change });
}

function nth(values: number[], at: number): number | undefined {
  return values.sort((one, other) => one - other)[Math.min(at, values.length - 1)];
}

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
export function observeResponse(budget: Budget, answered: Answered, now: number): void {
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
 * for a whole window. What it no longer counts has left its window, if by the time it was sent it can have, and if it was
 * answered before the request that tells of it was sent: later ones may have overtaken each other.
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
  const telling = group.permits.find(({ id }) => id === answered.permitId);
  if (telling === undefined) return;
  const before = ({ open, untilMs }: PermitBlock) => !open && untilMs - windowMs - marginOf(windowMs) <= telling.sentMs;
  let gone = Math.min(1, telling.count) - theirs;
  for (const permit of group.permits) if (before(permit)) gone += permit.count;
  group.permits = group.permits.filter((permit) => {
    if (!before(permit) || permit.count > gone || permit.sentMs + windowMs > now) return true;
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
