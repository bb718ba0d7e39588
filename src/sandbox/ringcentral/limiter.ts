import type { SandboxClock } from "../clock.ts";
import type { Group, RateLimit } from "./settings.ts";

/** What the limiter says to one request. */
export interface Ruling {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Seconds until the penalty ends; 0 when allowed. */
  readonly retryAfterSeconds: number;
  /** The request came inside a running penalty, and so restarted it. */
  readonly violation: boolean;
}

/** Counts requests per (user, app, group) in a sliding window. */
export interface Limiter {
  rule(owner: string, group: Group, limit: RateLimit): Ruling;
  /** Forgets windows and penalties. */
  reset(): void;
}

/** Opens a limiter: one request too many starts a penalty, and each request inside the penalty starts it afresh. */
export function openLimiter(clock: SandboxClock): Limiter {
  const buckets = new Map<string, Bucket>();
  return {
    rule(owner, group, limit) {
      const key = `${owner} ${group}`;
      const bucket = buckets.get(key) ?? { times: [], head: 0, penaltyUntil: 0 };
      buckets.set(key, bucket);
      return ruleOn(bucket, limit, clock.now());
    },
    reset: () => buckets.clear(),
  };
}

interface Bucket {
  times: number[];
  /** Where the window begins in `times`. */
  head: number;
  penaltyUntil: number;
}

function ruleOn(bucket: Bucket, limit: RateLimit, now: number): Ruling {
  forgetOld(bucket, now - limit.windowSeconds * 1_000);
  const violation = now < bucket.penaltyUntil;
  const used = bucket.times.length - bucket.head;
  if (violation || used >= limit.limit) {
    bucket.penaltyUntil = now + limit.penaltySeconds * 1_000;
    return { allowed: false, remaining: 0, retryAfterSeconds: limit.penaltySeconds, violation };
  }
  bucket.times.push(now);
  return { allowed: true, remaining: limit.limit - used - 1, retryAfterSeconds: 0, violation };
}

function forgetOld(bucket: Bucket, oldest: number): void {
  while (bucket.head < bucket.times.length && bucket.times[bucket.head]! <= oldest) bucket.head += 1;
  if (bucket.head < 1_024) return;
  bucket.times = bucket.times.slice(bucket.head);
  bucket.head = 0;
}
