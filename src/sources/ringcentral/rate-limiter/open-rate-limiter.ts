import { leaseFence } from "../shared-lease.ts";
import { countsAsLogin } from "./budget.ts";
import { type RateLimiterOptions, type RingCentralRateLimiter, SharedRateLimiter } from "./limiter.ts";

/**
 * Opens the rate limiter of one credential over the state that all processes share. Requests to the token endpoint
 * count against the budget of the application, which all of its users share.
 */
export function openRateLimiter(options: RateLimiterOptions): RingCentralRateLimiter {
  const { credential, application, shared } = options;
  const fence = shared?.lease === undefined ? undefined : leaseFence(credential, shared.lease);
  const ofCredential = new SharedRateLimiter(options, fence);
  const ofApplication = new SharedRateLimiter({ ...options, credential: application }, fence);
  const of = (kind: string) => (countsAsLogin(kind) ? ofApplication : ofCredential);
  return {
    acquire: (kind, signal) => of(kind).acquire(kind, signal),
    login: (work, signal) => ofCredential.login(work, signal),
    limited: (kind, head) => of(kind).limited(kind, head),
    allowance: (kind) => of(kind).allowance(kind),
    used: (kind) => of(kind).used(kind),
    [Symbol.dispose]() {
      ofApplication[Symbol.dispose]();
      ofCredential[Symbol.dispose]();
    },
  };
}
