import { retryAfterMs } from "../../core/answer.ts";
import { RecordingError } from "../../core/errors.ts";
import type { RecordingRef } from "../../core/recording.ts";

/** What is known of a host to which RingCentral had sent us. */
export interface OtherHost {
  readonly host: string;
  /** Whether RingCentral may be asked for a fresh redirect: its signed addresses live for minutes. */
  readonly mayRenew: boolean;
  readonly nowMs: number;
}

const ofAnExpiredAddress: readonly number[] = [400, 401, 403, 404, 410];

/** What the refusal of a storage host means. Nothing that it says is RingCentral's word on the recording or the login. */
export function judgeElsewhere(
  error: RecordingError,
  ref: RecordingRef,
  { host, mayRenew, nowMs }: OtherHost,
): RecordingError {
  const { head } = error;
  if (head === undefined || head.status < 400 || head.status === 416) return error;
  const { status } = head;
  const what = `Recording ${ref.id}: ${host}, where RingCentral sends for it,`;
  const kept = { head, cause: error };
  if (ofAnExpiredAddress.includes(status) && mayRenew) {
    return new RecordingError("link-expired", `${what} no longer takes its address (HTTP ${status}).`, kept);
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const waitMs = retryAfterMs(head, nowMs);
    const wait = waitMs === undefined ? {} : { retryAfterMs: waitMs };
    return new RecordingError("server-error", `${what} is out of order or busy (HTTP ${status}).`, {
      ...kept,
      ...wait,
    });
  }
  const fresh = ofAnExpiredAddress.includes(status) ? ", also at a fresh address" : "";
  return new RecordingError("http-error", `${what} refused it (HTTP ${status})${fresh}.`, kept);
}
