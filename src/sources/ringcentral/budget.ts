import type { RateHeaders } from "./answers.ts";

/** The kind of a request to the token endpoint; every other kind waits while one of these runs. */
export const tokenKind = "token";

/** Permission to send `count` requests of a group. It counts until `untilMs`, and while `open` at least until answered. */
export interface Permit {
  readonly id: string;
  readonly owner: string;
  count: number;
  sentMs: number;
  open: boolean;
  untilMs: number;
}

/** Nothing goes out until `untilMs`; how long that was from its beginning. */
export interface Penalty {
  readonly untilMs: number;
  readonly lastsMs: number;
}

/** One rate-limit group as the server names it. */
export interface Group {
  limit: number;
  windowMs: number;
  /** When an answer last told the limit; 0 = never, or doubtful since a 429. */
  learnedMs: number;
  penalty: Penalty | undefined;
  permits: Permit[];
  /** Who waits, when each last got a permit and when it will ask again: for turns between processes. */
  turns: { owner: string; grantedMs: number; asksMs: number }[];
}

/** All that is known of one credential's requests: shared by every process, kept as JSON. */
export interface Budget {
  readonly kinds: Map<string, string>;
  readonly groups: Map<string, Group>;
  /** A 429 that belongs to no group holds all of them. */
  penalty: Penalty | undefined;
  /** Who asks for a token just now, and until when that may be believed. */
  login: { owner: string; untilMs: number } | undefined;
}

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

/** An open permit whose owner has not confirmed it for this long belongs to a killed process. */
export const leaseMs = 10_000;
const defaultPenaltyMs = 60_000;
const penaltyMarginMs = 250;
const shortestSpacingMs = 50;

/**
 * Grants a permit or says when to ask again. Where the mean spacing of the budget is 50 ms or more the rule is exact:
 * the next request goes out once the head of the one before is here (or one spacing later), so that every answer's
 * word on the budget is heard first, and none is under way when a penalty begins. Faster budgets go in blocks.
 */
export function take(budget: Budget, asking: Asking, now: number): Permit | Wait {
  const name = groupOf(budget, asking.kind);
  const group = tidiedGroup(budget, name, now);
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

/** Learns from an answer: its group, the limits, what others have used, and a penalty. */
export function answer(budget: Budget, answered: Answered, now: number): void {
  const { kind, rate } = answered;
  const assumed = groupOf(budget, kind);
  const name = rate.group ?? assumed;
  if (name !== assumed && budget.groups.size < 32) budget.kinds.set(kind, name);
  const group = tidiedGroup(budget, groupOf(budget, kind), now);
  if (rate.limit !== undefined || (answered.status !== undefined && answered.status < 300)) {
    group.limit = rate.limit ?? group.limit;
    group.windowMs = rate.windowMs ?? group.windowMs;
    group.learnedMs = now;
  }
  closePermit(budget, group, answered, now);
  compareCounts(group, rate, now);
  if (answered.status === 429) penalise(budget, group, answered, now);
}

/** Confirms that the owner's open permits and login are still alive. */
export function beat(budget: Budget, owner: string, now: number): void {
  for (const group of budget.groups.values()) {
    for (const permit of group.permits) {
      if (permit.open && permit.owner === owner) permit.untilMs = now + leaseMs + group.windowMs;
    }
  }
  if (budget.login?.owner === owner) budget.login.untilMs = now + leaseMs;
}

/** The allowed budget of a kind of request, as far as it is known. */
export function allowance(
  group: Pick<Group, "limit" | "windowMs">,
  asking: Pick<Asking, "kind" | "ratePerMinute">,
): { limit: number; windowMs: number } {
  const { limit, windowMs } = group;
  const rate = asking.kind === tokenKind ? undefined : asking.ratePerMinute;
  if (rate === undefined) return { limit, windowMs };
  const lowered = Math.floor((rate * windowMs) / 60_000);
  if (lowered >= 1) return { limit: Math.min(limit, lowered), windowMs };
  return { limit: 1, windowMs: Math.max(windowMs, Math.ceil(60_000 / rate)) };
}

/** The group that a kind of request counts against. */
export function groupFor(budget: Budget, kind: string): Group {
  return groupNamed(budget, groupOf(budget, kind));
}

export function parseBudget(text: string | undefined): Budget {
  const kept = text === undefined ? {} : (JSON.parse(text) as Record<string, never>);
  return {
    kinds: new Map(kept.kinds ?? []),
    groups: new Map(kept.groups ?? []),
    penalty: kept.penalty ?? undefined,
    login: kept.login ?? undefined,
  };
}

export function budgetText(budget: Budget): string {
  return JSON.stringify({ ...budget, kinds: [...budget.kinds], groups: [...budget.groups] });
}

/** Unknown requests count against the scarcest group, until an answer says which one is theirs. */
function groupOf(budget: Budget, kind: string): string {
  return budget.kinds.get(kind) ?? (kind === tokenKind ? "auth" : "heavy");
}

function groupNamed(budget: Budget, name: string): Group {
  let group = budget.groups.get(name);
  if (group === undefined) {
    const limit = name === "auth" ? 5 : 10;
    group = { limit, windowMs: 60_000, learnedMs: 0, penalty: undefined, permits: [], turns: [] };
    budget.groups.set(name, group);
  }
  return group;
}

function tidiedGroup(budget: Budget, name: string, now: number): Group {
  const group = groupNamed(budget, name);
  group.permits = group.permits.filter((permit) => permit.untilMs > now);
  // What lies further ahead than can be was written before the clock was set back.
  const longest = now + leaseMs + group.windowMs + marginOf(group.windowMs);
  for (const permit of group.permits) {
    permit.untilMs = Math.min(permit.untilMs, Math.max(longest, permit.untilMs - permit.sentMs + now));
    permit.sentMs = Math.min(permit.sentMs, now);
  }
  group.turns = group.turns.filter((turn) => turn.asksMs > now - 60_000 || turn.grantedMs > now - 60_000);
  return group;
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
function compareCounts(group: Group, rate: RateHeaders, now: number): void {
  if (rate.limit === undefined || rate.remaining === undefined) return;
  const theirs = rate.limit - rate.remaining;
  const unknown = theirs - used(group);
  if (unknown > 0) {
    const untilMs = now + group.windowMs + marginOf(group.windowMs);
    group.permits.push({ id: "", owner: "", count: unknown, sentMs: now, open: false, untilMs });
  }
  let gone = group.permits.reduce((sum, { count, open }) => (open ? sum : sum + count), 0) - theirs;
  group.permits = group.permits.filter((permit) => {
    if (permit.open || permit.count > gone || permit.sentMs + group.windowMs > now) return true;
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

/** Whether somebody who is still alive asks for a token. */
export function loginUnderWay({ login }: Budget, now: number): boolean {
  return login !== undefined && login.untilMs > now && login.untilMs <= now + leaseMs;
}

/** When a penalty ends; one that would last longer than it did at first was written before the clock was set back. */
export function heldUntil(penalty: Penalty | undefined, now: number): number {
  return penalty === undefined ? 0 : Math.min(penalty.untilMs, now + penalty.lastsMs);
}

function used(group: Group): number {
  return group.permits.reduce((sum, permit) => sum + permit.count, 0);
}

/** What a server's clock may differ from ours over one window, and the slack of timers. */
function marginOf(windowMs: number): number {
  return Math.min(50, Math.max(5, windowMs / 200));
}

function nth(values: number[], at: number): number | undefined {
  return values.sort((one, other) => one - other)[Math.min(at, values.length - 1)];
}
