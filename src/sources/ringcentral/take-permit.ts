import {
  allowance,
  type Budget,
  type Group,
  groupOf,
  heldUntil,
  leaseMs,
  loginUnderWay,
  type Permit,
  tidiedGroup,
  tokenKind,
  used,
} from "./budget.ts";

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

/**
 * Grants a permit or says when to ask again. Where the mean spacing of the budget is 50 ms or more the rule is exact:
 * the next request goes out once the head of the one before is here (or one spacing later), so that every answer's
 * word on the budget is heard first, and none is under way when a penalty begins. Faster budgets go in blocks.
 */
export function takePermit(budget: Budget, asking: Asking, now: number): Permit | Wait {
  const name = groupOf(budget, asking.kind);
  const group = tidiedGroup(budget, asking.kind, now);
  const { limit, windowMs } = allowance(group, asking);
  const spacing = windowMs / limit;
  const fresh = now - group.learnedMs < Math.max(windowMs, 60_000);
  const exact = !fresh || spacing >= shortestSpacingMs;
  const poll = Math.min(25, Math.max(5, spacing / 20));

  const step =
    closedFor(budget, group, asking, now) ??
    full(group, name, limit, windowMs, poll, now) ??
    (exact ? (headUnderWay(group, spacing, poll, now) ?? othersTurn(group, asking.owner, poll, now)) : undefined);
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
    return { reason: "a login under way", untilMs: now, askAgainMs: now + 20 };
  }
  const until = Math.max(heldUntil(budget.penalty, now), heldUntil(group.penalty, now));
  if (until <= now) return undefined;
  return { reason: "RingCentral's pause after too many requests (429)", untilMs: until, askAgainMs: until };
}

function full(
  group: Group,
  name: string,
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
  const each = limit === 1 ? "1 request" : `${limit} requests`;
  return {
    reason: `the rate limit of group ${name} (${each} in ${windowMs / 1000} s)`,
    untilMs,
    askAgainMs: nth(closed, 0) ?? now + poll,
  };
}

function headUnderWay(group: Group, spacing: number, poll: number, now: number): Wait | undefined {
  const sent = group.permits.filter((permit) => permit.open).map((permit) => permit.sentMs);
  const until = Math.max(...sent, -Infinity) + spacing;
  if (!(until > now)) return undefined;
  return { reason: "the answer before", untilMs: now, askAgainMs: Math.min(until, now + poll) };
}

/** Another process that asks just now and got its last permit before ours goes first. */
function othersTurn(group: Group, owner: string, poll: number, now: number): Wait | undefined {
  const mine = Math.min(group.turns.find((turn) => turn.owner === owner)?.grantedMs ?? 0, now);
  const other = group.turns.find(
    (turn) => turn.owner !== owner && turn.grantedMs < mine && turn.asksMs > now - 50 && turn.asksMs <= now + poll,
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
