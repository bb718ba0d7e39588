/*
 * A request that never left this machine costs nothing of the budget (`RecordingError.unsent`): no name, no
 * connection, no TLS. A permit is given back only where undici had not begun to write; whatever may have arrived
 * counts.
 */

/** The kind of a request to the token endpoint; every other kind waits while one of these runs. */
export const tokenKind = "token";

/** The kind of a request for a token that opens a WebSocket: it counts with those to the token endpoint. */
export const socketTokenKind = "wstoken";

/** Whether requests of this kind are counted for the application, as its logins. */
export function countsAsLogin(kind: string): boolean {
  return kind === tokenKind || kind === socketTokenKind;
}

/** Permission to send `count` requests of a group. It counts until `untilMs`, and while `open` at least until answered. */
export interface PermitBlock {
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
  permits: PermitBlock[];
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

/** An open permit whose owner has not confirmed it for this long belongs to a killed process. */
export const leaseMs = 10_000;

/** The budget that was written with `budgetText`; an empty one from nothing. */
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
export function groupOf(budget: Budget, kind: string): string {
  return budget.kinds.get(kind) ?? (countsAsLogin(kind) ? "auth" : "heavy");
}

/** The group that a kind of request counts against. */
export function groupFor(budget: Budget, kind: string): Group {
  return groupNamed(budget, groupOf(budget, kind));
}

/** The group of a kind, without permits that no longer count. */
export function tidiedGroup(budget: Budget, kind: string, now: number): Group {
  const group = groupFor(budget, kind);
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

/** The allowed budget of a kind of request, as far as it is known. */
export function allowance(
  group: Pick<Group, "limit" | "windowMs">,
  asking: { readonly kind: string; readonly ratePerMinute: number | undefined },
): { limit: number; windowMs: number } {
  const { limit, windowMs } = group;
  const rate = asking.kind === tokenKind ? undefined : asking.ratePerMinute;
  if (rate === undefined) return { limit, windowMs };
  const lowered = Math.floor((rate * windowMs) / 60_000);
  if (lowered >= 1) return { limit: Math.min(limit, lowered), windowMs };
  return { limit: 1, windowMs: Math.max(windowMs, Math.ceil(60_000 / rate)) };
}

/** How many requests count just now. */
export function used(group: Group): number {
  return group.permits.reduce((sum, permit) => sum + permit.count, 0);
}

/** Whether somebody who is still alive asks for a token. */
export function loginUnderWay({ login }: Budget, now: number): boolean {
  return login !== undefined && login.untilMs > now && login.untilMs <= now + leaseMs;
}

/** When a penalty ends; one that would last longer than it did at first was written before the clock was set back. */
export function heldUntil(penalty: Penalty | undefined, now: number): number {
  return penalty === undefined ? 0 : Math.min(penalty.untilMs, now + penalty.lastsMs);
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

/** What a server's clock may differ from ours over one window, and the slack of timers. */
export function marginOf(windowMs: number): number {
  return Math.min(50, Math.max(5, windowMs / 200));
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
