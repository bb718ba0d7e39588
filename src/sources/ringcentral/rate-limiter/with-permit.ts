import { maybeSent } from "../../../core/model/errors.ts";
import type { RateLimiter } from "../../../core/model/ports.ts";
import type { ResponseHead } from "../../../core/model/recording.ts";

/** One request with a permit of its kind; the rate limiter hears what came of it. */
export async function withPermit<T extends ResponseHead>(
  rateLimiter: RateLimiter,
  kind: string,
  request: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const permit = await rateLimiter.acquire(kind, signal);
  try {
    const answer = await request();
    permit.observeResponse(answer);
    return answer;
  } catch (error) {
    permit.observeResponse(undefined, maybeSent(error));
    throw error;
  }
}
