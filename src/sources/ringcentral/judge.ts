import { RecordingError } from "../../core/errors.ts";
import type { RecordingRef } from "../../core/recording.ts";
import { errorCodes, retryAfterMs } from "./answers.ts";
import { isScopeRefusal, refusedScope } from "./refusals.ts";

/** A recording that is missing may still come until its call is this old. */
const youngMs = 4 * 3_600_000;
const penaltyMs = 60_000;

/**
 * What a refused download means at RingCentral; `refusals401` counts how often the login was refused for this
 * recording, this time included. Redirects are not judged here.
 */
export function judgeAnswer(
  error: RecordingError,
  ref: RecordingRef,
  refusals401: number,
  now: number,
): RecordingError {
  const { head, body } = error;
  if (head === undefined) return error;
  const { status } = head;
  const kept = { head, cause: error };
  const waitMs = retryAfterMs(head, now);
  const wait = waitMs === undefined ? {} : { retryAfterMs: waitMs };

  if (status === 401) return loginRefused(ref, refusals401, kept);
  if (status === 403) {
    return isScopeRefusal(body)
      ? refusedScope(body)
      : new RecordingError("forbidden", `Recording ${ref.id}: RingCentral does not let this user read it.`, kept);
  }
  if (status === 404 || status === 410) return missing(ref, body, now, kept);
  if (status === 429) {
    const message = `Recording ${ref.id}: RingCentral refuses more requests for now (429).`;
    return new RecordingError("rate-limited", message, { ...kept, retryAfterMs: waitMs ?? penaltyMs });
  }
  if (status === 408 || status === 425 || status >= 500) {
    const message = `Recording ${ref.id}: RingCentral is out of order (HTTP ${status}).`;
    return new RecordingError("server-error", message, { ...kept, ...wait });
  }
  if (status === 416 || status < 400) return error;
  return new RecordingError("http-error", `Recording ${ref.id}: RingCentral refused it (HTTP ${status}).`, kept);
}

function loginRefused(ref: RecordingRef, times: number, kept: object): RecordingError {
  if (times < 2) {
    const message = `Recording ${ref.id}: RingCentral no longer takes the login; it is renewed.`;
    return new RecordingError("login-refused", message, { ...kept, verdict: "renew" });
  }
  const message = `RingCentral refuses the login, also after it was renewed. Check it with callreel auth status ringcentral.`;
  return new RecordingError("login-refused", message, kept);
}

function missing(ref: RecordingRef, body: string | undefined, now: number, kept: object): RecordingError {
  if (errorCodes(body).has("CMN-120")) {
    return new RecordingError("http-error", `Recording ${ref.id}: RingCentral knows no such address (CMN-120).`, kept);
  }
  const startMs = Date.parse(ref.call.start ?? "");
  const endMs = startMs + (ref.call.duration ?? 0) * 1000;
  if (now - endMs < youngMs) {
    const message = `Recording ${ref.id}: not there yet; its call is young. Run again later.`;
    return new RecordingError("not-ready", message, kept);
  }
  const message = `Recording ${ref.id}: RingCentral no longer has it (deleted, or older than its retention time).`;
  return new RecordingError("gone", message, kept);
}
