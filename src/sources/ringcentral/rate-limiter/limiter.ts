import { setImmediate } from "node:timers/promises";
import type { DownloadEvent } from "../../../core/model/events.ts";
import type { Clock, Permit, RateLimiter } from "../../../core/model/ports.ts";
import type { ResponseHead } from "../../../core/model/recording.ts";
import { retryAfterMs } from "../../../core/model/response-headers.ts";
import { digest } from "../settings.ts";
import type { Fence, SharedState } from "../shared-state.ts";
import type { State } from "../state.ts";
import type { PermitBlock } from "./budget.ts";
import { type BudgetStore, openBudgetStore, type SoonOr } from "./budget-store.ts";
import type { Wait } from "./permits.ts";
import { joinQueue, type Queue, type Reserve } from "./queue.ts";
import { rateHeaders } from "./rate-headers.ts";
import { openSharedBudgetStore } from "./shared-budget-store.ts";

/** The one place where requests of a credential wait, in every process that uses it. */
export interface RingCentralRateLimiter extends RateLimiter, Disposable {
  /** Runs `work` while no other process does the same, and no other request goes out. */
  login<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** An answer turned out to be a 429 in all but its status: holds the group back as that one would. */
  limited(kind: string, head: ResponseHead): void;
  /** The budget of a kind of request as far as it is known. */
  allowance(kind: string): { readonly limit: number; readonly windowMs: number };
  /** How many requests of this kind's group count just now, in whatever process they were sent. */
  used(kind: string): number;
}

export interface RateLimiterOptions {
  readonly state: State;
  readonly credential: string;
  /** The app that the credential logs in through: its requests to the token endpoint count together with all others'. */
  readonly application: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (event: DownloadEvent) => void;
  readonly ratePerMinute?: number;
  /** Keeps the budget in a database for all machines instead of in the state of this one; with the owner of the login's lease. */
  readonly shared?: { readonly state: SharedState; readonly lease?: string };
}

const beatMs = 3000;
/** A request takes longer than this to its socket, so that looking more often would see nothing earlier. */
const lookEveryMs = 1;

/** Keeps to one budget in every process that shares its store: that of a credential, or that of an application. */
export class SharedRateLimiter implements RingCentralRateLimiter {
  readonly #options: RateLimiterOptions;
  readonly #budgetStore: BudgetStore;
  readonly #owner: string;
  readonly #queues = new Map<string, Queue>();
  readonly #open = new Set<Reserve>();
  readonly #logins = new Set<string>();
  readonly #closing = new AbortController();
  #made = 0;
  #beating = false;
  #announcedMs = 0;
  /** What kept the rate limiter from writing down an answer: without the budget nothing more is let through. */
  #broken: { readonly error: unknown } | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  readonly #stopHearing: (() => void) | undefined;

  constructor(options: RateLimiterOptions, fence?: Fence) {
    const { state, credential, clock, random, shared } = options;
    this.#options = options;
    this.#budgetStore =
      shared === undefined
        ? openBudgetStore(state, credential, clock)
        : openSharedBudgetStore(shared.state, credential, clock, fence);
    this.#stopHearing = this.#budgetStore.onWake?.(() => this.#wakeAll());
    this.#owner = digest(`${random()} ${clock.now()} ${clock.monotonic()}`);
  }

  acquire(kind: string, signal: AbortSignal): Promise<Permit> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#broken !== undefined) return Promise.reject(this.#broken.error);
    const queue = this.#queueOf(kind);
    if (queue.waiters.size === 0 && this.#mayUseReserve(queue)) {
      return Promise.resolve(this.#permitFrom(queue.reserve as Reserve));
    }
    const permit = joinQueue(queue, signal);
    if (!queue.pumping) void this.#pump(queue);
    return permit;
  }

  async login<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const name = this.#newName();
    const { clock } = this.#options;
    while (!(await this.#budgetStore.beginLogin(name))) await clock.sleep(this.#budgetStore.pollMs, signal);
    this.#giveBackAll();
    this.#logins.add(name);
    void this.#keepBeating();
    try {
      return await work();
    } finally {
      this.#logins.delete(name);
      if (!this.#closing.signal.aborted) {
        await this.#budgetStore.endLogin(name);
        this.#wakeAll();
      }
    }
  }

  allowance(kind: string): { readonly limit: number; readonly windowMs: number } {
    return this.#budgetStore.allowance({ kind, ratePerMinute: this.#options.ratePerMinute });
  }

  used(kind: string): number {
    return this.#budgetStore.used(kind);
  }

  limited(kind: string, head: ResponseHead): void {
    if (this.#closing.signal.aborted) return;
    this.#giveBackAll();
    this.#note(() =>
      this.#budgetStore.observeResponse({
        kind,
        permitId: "none",
        sent: 0,
        keepOpen: true,
        status: 429,
        rate: rateHeaders(head),
        retryAfterMs: retryAfterMs(head, this.#options.clock.now()),
        ratePerMinute: this.#options.ratePerMinute,
      }),
    );
    this.#wakeAll();
  }

  [Symbol.dispose](): void {
    if (this.#closing.signal.aborted) return;
    for (const reserve of this.#open) {
      reserve.unanswered = 0;
      this.#settle(reserve, undefined);
    }
    this.#closing.abort(new DOMException("The source is closed.", "AbortError"));
    this.#stopHearing?.();
    this.#wakeAll();
  }

  #queueOf(kind: string): Queue {
    let queue = this.#queues.get(kind);
    if (queue === undefined) {
      queue = { kind, waiters: new Set(), reserve: undefined, pumping: false, nap: undefined };
      this.#queues.set(kind, queue);
    }
    return queue;
  }

  #mayUseReserve({ reserve }: Queue): boolean {
    if (reserve === undefined || reserve.left === 0) return false;
    const now = this.#options.clock.monotonic();
    if (now - this.#lookedAt < lookEveryMs) return true;
    this.#lookedAt = now;
    if (!this.#budgetStore.closedByOthers(this.#queues.keys())) return true;
    this.#giveBackAll();
    return false;
  }

  /** Asks for permits, or naps until it is worth asking again, while anyone waits. */
  async #pump(queue: Queue): Promise<void> {
    const { clock, ratePerMinute } = this.#options;
    queue.pumping = true;
    try {
      while (queue.waiters.size > 0) {
        if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
        if (this.#broken !== undefined) throw this.#broken.error;
        const asking = { kind: queue.kind, owner: this.#owner, permitId: this.#newName(), ratePerMinute };
        const step = await this.#budgetStore.take(asking);
        if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
        if ("count" in step) {
          this.#serve(queue, step);
        } else {
          this.#announce(step);
          queue.nap = new AbortController();
          await clock.sleep(Math.max(1, step.askAgainMs - clock.now()), queue.nap.signal).catch(() => {});
          queue.nap = undefined;
          // After a stall of this process an answer may lie in the socket that the timer has overtaken.
          await setImmediate();
        }
      }
    } catch (error) {
      for (const waiter of queue.waiters) waiter.reject(error);
      queue.waiters.clear();
    } finally {
      queue.pumping = false;
    }
  }

  #serve(queue: Queue, block: PermitBlock): void {
    const reserve = { queue, block, left: block.count, unanswered: 0 };
    queue.reserve = reserve;
    this.#open.add(reserve);
    void this.#keepBeating();
    for (const waiter of queue.waiters) {
      if (reserve.left === 0) break;
      queue.waiters.delete(waiter);
      waiter.resolve(this.#permitFrom(reserve));
    }
  }

  #permitFrom(reserve: Reserve): Permit {
    reserve.left -= 1;
    reserve.unanswered += 1;
    let told = false;
    return {
      observeResponse: (head, sent = true) => {
        if (told) return;
        told = true;
        reserve.unanswered -= 1;
        if (!sent) reserve.block.count -= 1;
        if (this.#closing.signal.aborted) return;
        const spent = reserve.left === 0 && reserve.unanswered === 0;
        if (spent || !asExpected(head, reserve.left)) this.#settle(reserve, head);
      },
    };
  }

  /** Writes what an answer said; permits of the block that have not been used are given back. */
  #settle(reserve: Reserve, head: ResponseHead | undefined): void {
    const { block, queue } = reserve;
    const keepOpen = reserve.unanswered > 0;
    block.count -= reserve.left;
    reserve.left = 0;
    if (queue.reserve === reserve) queue.reserve = undefined;
    if (!keepOpen) this.#open.delete(reserve);
    this.#note(() =>
      this.#budgetStore.observeResponse({
        kind: queue.kind,
        permitId: block.id,
        sent: block.count,
        keepOpen,
        status: head?.status,
        rate: head === undefined ? {} : rateHeaders(head),
        retryAfterMs: head === undefined ? undefined : retryAfterMs(head, this.#options.clock.now()),
        ratePerMinute: this.#options.ratePerMinute,
      }),
    );
    this.#wakeAll();
  }

  /** Answers and heartbeats come where nobody could catch an error: the next request is told of it instead. */
  #note(work: () => SoonOr<void>): void {
    const broken = (error: unknown) => {
      this.#broken ??= { error };
    };
    try {
      work()?.catch(broken);
    } catch (error) {
      broken(error);
    }
  }

  #giveBackAll(): void {
    for (const { reserve } of this.#queues.values()) {
      if (reserve !== undefined && reserve.left > 0) this.#settle(reserve, undefined);
    }
  }

  #wakeAll(): void {
    for (const queue of this.#queues.values()) queue.nap?.abort();
  }

  /** Tells the other processes that this one lives, as long as it holds anything. */
  async #keepBeating(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    const holds = () => this.#open.size + this.#logins.size > 0 && !this.#closing.signal.aborted;
    while (holds()) {
      await this.#options.clock.sleep(beatMs, this.#closing.signal).catch(() => {});
      if (holds()) this.#note(() => this.#budgetStore.beat([this.#owner, ...this.#logins]));
    }
    this.#beating = false;
  }

  #announce({ reason, untilMs }: Wait): void {
    if (untilMs - this.#options.clock.now() <= 1000 || untilMs - this.#announcedMs < 500) return;
    this.#announcedMs = untilMs;
    this.#options.report({ event: "waiting", reason, untilMs });
  }

  #newName(): string {
    this.#made += 1;
    return `${this.#owner}-${this.#made}`;
  }
}

/** Whether an answer tells nothing that must be written before the next request goes out. */
function asExpected(head: ResponseHead | undefined, left: number): boolean {
  if (head === undefined) return true;
  if (head.status === 429) return false;
  const remaining = head.headers["x-rate-limit-remaining"];
  return remaining === undefined || Number(remaining) > left;
}
