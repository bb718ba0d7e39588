import { setMaxListeners } from "node:events";
import type { DownloadEvent } from "../../core/events.ts";
import type { Clock, Gate, Pass } from "../../core/ports.ts";
import type { ResponseHead } from "../../core/recording.ts";
import { rateHeaders, retryAfterMs } from "./answers.ts";
import {
  allowance,
  answer,
  type Budget,
  beat,
  budgetText,
  groupFor,
  leaseMs,
  type Permit,
  parseBudget,
  take,
} from "./budget.ts";
import { digest } from "./settings.ts";
import type { State } from "./state.ts";

/** The one place where requests of a credential wait, in every process that uses it. */
export interface RequestGate extends Gate, Disposable {
  /** Runs `work` while no other process does the same, and no other request goes out. */
  login<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** The budget of a kind of request as far as it is known. */
  allowance(kind: string): { readonly limit: number; readonly windowMs: number };
}

export interface GateOptions {
  readonly state: State;
  readonly credential: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (event: DownloadEvent) => void;
  readonly ratePerMinute?: number;
}

/** Permits held in memory: one, or a block of them where the budget is large. */
interface Reserve {
  readonly queue: Queue;
  readonly permit: Permit;
  left: number;
  unanswered: number;
}

interface Waiter {
  readonly resolve: (pass: Pass) => void;
  readonly reject: (reason: unknown) => void;
}

interface Queue {
  readonly kind: string;
  readonly waiters: Set<Waiter>;
  reserve: Reserve | undefined;
  pumping: boolean;
  nap: AbortController | undefined;
}

const beatMs = 3000;

/** Opens the gate of one credential over the state that all processes share. */
export function openGate(options: GateOptions): RequestGate {
  const { state, clock, ratePerMinute } = options;
  const document = `budget:${options.credential}`;
  const owner = digest(`${options.random()} ${clock.now()} ${clock.monotonic()}`);
  const queues = new Map<string, Queue>();
  const closing = new AbortController();
  let made = 0;
  const open = new Set<Reserve>();
  const logins = new Set<string>();
  let beating = false;
  let announcedMs = 0;
  let version = -1;

  function change<T>(work: (budget: Budget, now: number) => T): T {
    return state.update(document, (text) => {
      const budget = parseBudget(text);
      const result = work(budget, clock.now());
      return { text: budgetText(budget), result };
    });
  }

  function enter(kind: string, signal: AbortSignal): Promise<Pass> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const queue = queueOf(kind);
    const { reserve } = queue;
    if (reserve !== undefined && reserve.left > 0 && queue.waiters.size === 0 && undisturbed()) {
      return Promise.resolve(passOf(reserve));
    }
    // Any number of workers may wait on one signal.
    setMaxListeners(0, signal);
    return new Promise((resolve, reject) => {
      const leave = () => {
        queue.waiters.delete(waiter);
        reject(signal.reason);
        if (queue.waiters.size === 0) queue.nap?.abort();
      };
      const waiter: Waiter = {
        reject,
        resolve: (pass) => {
          signal.removeEventListener("abort", leave);
          resolve(pass);
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      queue.waiters.add(waiter);
      if (!queue.pumping) void pump(queue);
    });
  }

  function queueOf(kind: string): Queue {
    let queue = queues.get(kind);
    if (queue === undefined) {
      queue = { kind, waiters: new Set(), reserve: undefined, pumping: false, nap: undefined };
      queues.set(kind, queue);
    }
    return queue;
  }

  /** Asks for permits, or naps until it is worth asking again, while anyone waits. */
  async function pump(queue: Queue): Promise<void> {
    queue.pumping = true;
    try {
      while (queue.waiters.size > 0) {
        if (closing.signal.aborted) throw closing.signal.reason;
        const asking = { kind: queue.kind, owner, permitId: `${owner}-${made++}`, ratePerMinute };
        const step = change((budget, now) => take(budget, asking, now));
        if ("count" in step) {
          serve(queue, step);
          continue;
        }
        announce(step.reason, step.untilMs);
        await nap(queue, step.askAgainMs - clock.now());
      }
    } catch (error) {
      for (const waiter of queue.waiters) waiter.reject(error);
      queue.waiters.clear();
    } finally {
      queue.pumping = false;
    }
  }

  function serve(queue: Queue, permit: Permit): void {
    const reserve = { queue, permit, left: permit.count, unanswered: 0 };
    queue.reserve = reserve;
    open.add(reserve);
    void keepBeating();
    for (const waiter of queue.waiters) {
      if (reserve.left === 0) break;
      queue.waiters.delete(waiter);
      waiter.resolve(passOf(reserve));
    }
  }

  async function nap(queue: Queue, ms: number): Promise<void> {
    queue.nap = new AbortController();
    await clock.sleep(Math.max(1, ms), queue.nap.signal).catch(() => {});
    queue.nap = undefined;
  }

  function passOf(reserve: Reserve): Pass {
    reserve.left -= 1;
    reserve.unanswered += 1;
    let told = false;
    return {
      answered(head) {
        if (told) return;
        told = true;
        reserve.unanswered -= 1;
        if (closing.signal.aborted) return;
        const spent = reserve.left === 0 && reserve.unanswered === 0;
        if (spent || !asExpected(head, reserve.left)) settle(reserve, head);
      },
    };
  }

  /** Writes what an answer said; permits of the block that have not been used are given back. */
  function settle(reserve: Reserve, head: ResponseHead | undefined): void {
    const { permit, queue } = reserve;
    const sent = permit.count - reserve.left;
    const keepOpen = reserve.unanswered > 0;
    permit.count = sent;
    reserve.left = 0;
    if (queue.reserve === reserve) queue.reserve = undefined;
    const now = clock.now();
    const rate = head === undefined ? {} : rateHeaders(head);
    const retryMs = head === undefined ? undefined : retryAfterMs(head, now);
    const told = { kind: queue.kind, permitId: permit.id, sent, keepOpen, status: head?.status, rate, ratePerMinute };
    change((budget) => answer(budget, { ...told, retryAfterMs: retryMs }, now));
    if (!keepOpen) open.delete(reserve);
    wakeAll();
  }

  function wakeAll(): void {
    for (const queue of queues.values()) queue.nap?.abort();
  }

  /** Whether permits in memory may be used without asking: sees logins and penalties of other processes. */
  function undisturbed(): boolean {
    const latest = state.version();
    if (latest === version) return true;
    version = latest;
    const now = clock.now();
    const budget = parseBudget(state.read(document));
    const blocked = [...queues.keys()].some((kind) => groupFor(budget, kind).blockedUntilMs > now);
    if (!blocked && budget.blockedUntilMs <= now && !((budget.login?.untilMs ?? 0) > now)) return true;
    giveBackAll();
    return false;
  }

  function giveBackAll(): void {
    for (const queue of queues.values()) {
      if (queue.reserve !== undefined && queue.reserve.left > 0) settle(queue.reserve, undefined);
    }
  }

  async function login<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const name = `${owner}-${made++}`;
    while (!change((budget, now) => beginLogin(budget, name, now))) await clock.sleep(25, signal);
    giveBackAll();
    logins.add(name);
    void keepBeating();
    try {
      return await work();
    } finally {
      logins.delete(name);
      if (!closing.signal.aborted) {
        change((budget) => {
          if (budget.login?.owner === name) budget.login = undefined;
        });
        wakeAll();
      }
    }
  }

  async function keepBeating(): Promise<void> {
    if (beating) return;
    beating = true;
    while (anythingHeld() && !closing.signal.aborted) {
      await clock.sleep(beatMs, closing.signal).catch(() => {});
      if (anythingHeld() && !closing.signal.aborted) {
        change((budget, now) => {
          for (const name of [owner, ...logins]) beat(budget, name, now);
        });
      }
    }
    beating = false;
  }

  function anythingHeld(): boolean {
    return open.size > 0 || logins.size > 0;
  }

  function announce(reason: string, untilMs: number): void {
    if (untilMs - clock.now() <= 1000 || untilMs - announcedMs < 500) return;
    announcedMs = untilMs;
    options.report({ event: "waiting", reason, untilMs });
  }

  return {
    enter,
    login,
    allowance(kind) {
      return allowance(groupFor(parseBudget(state.read(document)), kind), { kind, ratePerMinute });
    },
    [Symbol.dispose]() {
      if (closing.signal.aborted) return;
      for (const reserve of open) {
        reserve.unanswered = 0;
        settle(reserve, undefined);
      }
      closing.abort(new DOMException("The source is closed.", "AbortError"));
      wakeAll();
    },
  };
}

function beginLogin(budget: Budget, owner: string, now: number): boolean {
  if (budget.login !== undefined && budget.login.untilMs > now) return false;
  budget.login = { owner, untilMs: now + leaseMs };
  return true;
}

/** Whether an answer tells nothing that must be written before the next request goes out. */
function asExpected(head: ResponseHead | undefined, left: number): boolean {
  if (head === undefined) return true;
  if (head.status === 429) return false;
  const remaining = head.headers["x-rate-limit-remaining"];
  return remaining === undefined || Number(remaining) > left;
}
