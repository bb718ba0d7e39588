import type { Sandbox } from "../context.ts";
import { ApiError } from "../errors.ts";
import type { Group } from "../settings.ts";
import { countGroup } from "../stats.ts";

/** Counts a request against its group: the headers to answer with, and the 429 when it was one too many. */
export function limit(
  sandbox: Sandbox,
  owner: string,
  group: Group,
): { headers: Record<string, string>; refused?: ApiError } {
  const { limiter, settings, stats, events, clock } = sandbox;
  const budget = settings.limits[group];
  countGroup(stats, group, clock.now());
  const ruling = limiter.rule(owner, group, budget);
  const headers: Record<string, string> = settings.limits.headers
    ? {
        "X-Rate-Limit-Group": group,
        "X-Rate-Limit-Limit": String(budget.limit),
        "X-Rate-Limit-Remaining": String(ruling.remaining),
        "X-Rate-Limit-Window": String(budget.windowSeconds),
      }
    : {};
  if (ruling.allowed) return { headers };
  stats.penalties += 1;
  if (ruling.violation) stats.violations += 1;
  events.record({ kind: ruling.violation ? "penalty-violation" : "penalty", group, owner });
  return {
    headers,
    refused: tooMany(settings.limits.code, settings.limits.retryAfter ? ruling.retryAfterSeconds : undefined),
  };
}

/** 429. */
export function tooMany(code: string, retryAfterSeconds: number | undefined): ApiError {
  const message = code === "CMN-304" ? "Duplicate concurrent request" : "Request rate exceeded";
  const challenge = `Bearer realm="RingCentral REST API", error="${code}", error_description="${message}"`;
  return new ApiError(429, code, message, {
    headers: {
      "WWW-Authenticate": challenge,
      ...(retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) }),
    },
  });
}
