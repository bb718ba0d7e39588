import { describe, expect, test } from "vitest";
import {
  type Budget,
  budgetText,
  groupFor,
  leaseMs,
  type PermitBlock,
  parseBudget,
} from "../../../src/sources/ringcentral/rate-limiter/budget.ts";
import {
  type Answered,
  observeResponse,
  takePermits,
  type Wait,
} from "../../../src/sources/ringcentral/rate-limiter/permits.ts";

const start = 1_000_000;
let made = 0;

const ask = (budget: Budget, now: number, kind = "recording", owner = "me", ratePerMinute?: number) =>
  takePermits(budget, { kind, owner, permitId: `p${++made}`, ratePerMinute }, now) as PermitBlock & Wait;

const reply = (budget: Budget, permit: PermitBlock, now: number, change: Partial<Answered> = {}) =>
  observeResponse(
    budget,
    {
      kind: "recording",
      permitId: permit.id,
      sent: permit.count,
      keepOpen: false,
      status: 200,
      rate: { group: "heavy", limit: 10, remaining: 9, windowMs: 60_000 },
      retryAfterMs: undefined,
      ratePerMinute: undefined,
      ...change,
    },
    now,
  );

/** Sends until it must wait; each answer takes 100 ms. */
function spend(budget: Budget, now: number, limit = 10): { sent: number; now: number; wait: Wait } {
  for (let sent = 0; ; sent++) {
    const permit = ask(budget, now);
    if (!("count" in permit)) return { sent, now, wait: permit };
    now += 100;
    reply(budget, permit, now, { rate: { group: "heavy", limit, remaining: limit - sent - 1, windowMs: 60_000 } });
  }
}

describe("a budget", () => {
  test("spends the whole window, then waits for the first request to leave it", () => {
    const budget = parseBudget(undefined);
    const { sent, wait } = spend(budget, start);
    expect(sent).toBe(10);
    expect(wait.untilMs).toBe(start + 100 + 60_000 + 50);
    expect(wait.reason).toContain("limit (10 requests a minute)");
  });

  test("counts a request until a window after its answer, however late that came", () => {
    const budget = parseBudget(undefined);
    const slow = ask(budget, start);
    reply(budget, slow, start + 20_000);
    expect(spend(budget, start + 20_000).wait.untilMs).toBe(start + 20_000 + 60_000 + 50);
  });

  test("sends one at a time while an answer is under way, but waits for a slow one no longer than the mean spacing", () => {
    const budget = parseBudget(undefined);
    ask(budget, start);
    expect(ask(budget, start + 10)).toHaveProperty("reason");
    expect(ask(budget, start + 5_999)).toHaveProperty("reason");
    expect(ask(budget, start + 6_000)).toHaveProperty("count", 1);
  });

  test("follows a changed limit with the next answer", () => {
    const budget = parseBudget(undefined);
    expect(spend(budget, start, 3).sent).toBe(3);
    expect(spend(budget, start + 70_000, 25).sent).toBe(25);
  });

  test("counts what others have used as if it were sent just now", () => {
    const budget = parseBudget(undefined);
    const permit = ask(budget, start);
    reply(budget, permit, start + 100, { rate: { group: "heavy", limit: 10, remaining: 3, windowMs: 60_000 } });
    let sent = 0;
    for (let now = start + 100; "count" in ask(budget, now); now += 6_000) sent += 1;
    expect(sent).toBe(3);
  });

  test("sends as soon as an answer shows that earlier requests have left the server's window", () => {
    const budget = parseBudget(undefined);
    const slow = ask(budget, start);
    reply(budget, slow, start + 20_000);
    const second = spend(budget, start + 20_000).wait;
    expect(second.untilMs).toBe(start + 80_050);
    const first = ask(budget, start + 80_050);
    reply(budget, first, start + 80_100, { rate: { group: "heavy", limit: 10, remaining: 5, windowMs: 60_000 } });
    expect(ask(budget, start + 80_100)).toHaveProperty("count");
  });

  test("does not take a request for gone that was on its way longer than the one after it", () => {
    const budget = parseBudget(undefined);
    const rate = (remaining: number) => ({ rate: { group: "heavy", limit: 2, remaining, windowMs: 1000 } });
    reply(budget, ask(budget, start - 120_000), start - 120_000, rate(1));
    const slow = ask(budget, start);
    const quick = ask(budget, start + 800);
    reply(budget, quick, start + 1000, rate(0));
    reply(budget, slow, start + 1010, rate(1));
    expect(ask(budget, start + 1020)).toMatchObject({ askAgainMs: start + 2005 });
  });

  test("does not believe an answer that forgets requests too young to have left the window", () => {
    const budget = parseBudget(undefined);
    const { now } = spend(budget, start);
    const other = ask(budget, start + 60_150);
    reply(budget, other, start + 60_151, { rate: { group: "heavy", limit: 10, remaining: 10, windowMs: 60_000 } });
    const young = groupFor(budget, "recording").permits.filter(({ sentMs }) => sentMs + 60_000 > start + 60_151);
    expect(now).toBeLessThan(start + 60_000);
    expect(young).toHaveLength(9);
  });

  test("learns groups from the answers: a kind leaves the scarcest one", () => {
    const budget = parseBudget(undefined);
    const permit = ask(budget, start, "extension");
    reply(budget, permit, start, {
      kind: "extension",
      rate: { group: "light", limit: 50, remaining: 49, windowMs: 60_000 },
    });
    expect(groupFor(budget, "recording").permits).toEqual([]);
    expect(groupFor(budget, "extension").permits).toHaveLength(1);
    expect(spend(budget, start).sent).toBe(10);
  });

  test("holds the group after a 429 until the last one's Retry-After is over", () => {
    const budget = parseBudget(undefined);
    const [one, other] = [ask(budget, start), ask(budget, start + 6_000)];
    reply(budget, one, start + 7_000, { status: 429, retryAfterMs: 60_000 });
    reply(budget, other, start + 9_000, { status: 429, retryAfterMs: undefined });
    expect(ask(budget, start + 68_000).untilMs).toBe(start + 9_000 + 60_000 + 250);
    expect(ask(budget, start + 69_250)).toHaveProperty("count");
    expect(ask(budget, start + 10_000, "token")).toHaveProperty("count");
  });

  test("holds every group after a 429 that names none", () => {
    const budget = parseBudget(undefined);
    reply(budget, ask(budget, start), start, { status: 429, rate: {} });
    expect(ask(budget, start + 59_000, "token")).toHaveProperty("untilMs", start + 60_250);
  });

  test("lets nothing but token requests out while somebody logs in, if that somebody lives", () => {
    const budget = parseBudget(undefined);
    budget.login = { owner: "other", untilMs: start + leaseMs };
    expect(ask(budget, start + 1)).toHaveProperty("reason", "a login in progress");
    expect(ask(budget, start + 1, "token")).toHaveProperty("count");
    expect(ask(budget, start + leaseMs)).toHaveProperty("count");
  });

  test("lets the process that waited longer go first", () => {
    const budget = parseBudget(undefined);
    const mine = ask(budget, start);
    expect(ask(budget, start + 50, "recording", "other")).toHaveProperty("reason");
    reply(budget, mine, start + 100);
    expect(ask(budget, start + 101)).toHaveProperty("reason", "another process's turn");
    expect(ask(budget, start + 102, "recording", "other")).toHaveProperty("count");
  });

  test("goes on without a process that no longer asks", () => {
    const budget = parseBudget(undefined);
    const mine = ask(budget, start);
    ask(budget, start + 50, "recording", "killed");
    reply(budget, mine, start + 100);
    expect(ask(budget, start + 400)).toHaveProperty("count");
  });

  test("frees a killed process's permit after its lease and window", () => {
    const budget = parseBudget(undefined);
    for (let at = 0; at < 10; at++) ask(budget, start + at * 6_000, "recording", "killed");
    expect(ask(budget, start + 60_000)).toHaveProperty("reason");
    expect(ask(budget, start + leaseMs + 60_000)).toHaveProperty("count");
  });

  test("forgives a clock that is set back", () => {
    const budget = parseBudget(undefined);
    spend(budget, start + 86_400_000);
    const { wait } = spend(budget, start);
    expect(wait.untilMs - start).toBeLessThan(80_000);
  });

  test("lowers its budget to a rate, also to less than one request in a window", () => {
    const budget = parseBudget(undefined);
    reply(budget, ask(budget, start, "recording", "me", 0.5), start, { ratePerMinute: 0.5 });
    expect(ask(budget, start + 61_000, "recording", "me", 0.5)).toHaveProperty("reason");
    const second = ask(budget, start + 120_051, "recording", "me", 0.5);
    expect(second).toHaveProperty("count", 1);
    const rate = { group: "heavy", limit: 10, remaining: 9, windowMs: 60_000 };
    reply(budget, second, start + 120_051, { rate, ratePerMinute: 0.5 });
    const other = ask(budget, start + 190_000, "call-log", "me", 60);
    reply(budget, other, start + 190_000, { rate, kind: "call-log", ratePerMinute: 0.5 });
    expect(ask(budget, start + 191_000, "recording", "me", 0.5)).toHaveProperty("reason");
  });

  test("hands out blocks where the budget is large, once it has been told so", () => {
    const budget = parseBudget(undefined);
    const probe = ask(budget, start);
    expect(probe.count).toBe(1);
    reply(budget, probe, start, { rate: { group: "heavy", limit: 60_000, remaining: 59_999, windowMs: 60_000 } });
    expect(ask(budget, start + 1)).toHaveProperty("count", 50);
    expect(ask(budget, start + 1)).toHaveProperty("count", 50);
    expect(ask(budget, start + 120_000)).toHaveProperty("count", 1);
  });

  test("is the same after it was written and read", () => {
    const budget = parseBudget(undefined);
    spend(budget, start);
    expect(parseBudget(budgetText(budget))).toEqual(budget);
  });

  test("is not led astray by a hostile group name, nor by very many", () => {
    const budget = parseBudget(undefined);
    for (const group of ["__proto__", "constructor", ...Array.from({ length: 100 }, (_, at) => `g${at}`)]) {
      const permit = ask(budget, start, group);
      if (!("count" in permit)) break;
      reply(budget, permit, start, { kind: group, rate: { group, limit: 10, remaining: 9, windowMs: 60_000 } });
    }
    expect(budget.groups.size).toBeLessThanOrEqual(34);
    expect(parseBudget(budgetText(budget)).groups.size).toBe(budget.groups.size);
  });
});
