import { isYoung } from "../../../core/download/evidence.ts";
import { RecordingError } from "../../../core/model/errors.ts";
import type { RecordingRef, ResponseHead } from "../../../core/model/recording.ts";
import { isPassing, serverMs, waitOf } from "../../../core/model/response-headers.ts";
import { errorCodes, isLimit, isScopeRefusal, missingParameters, refusedScope, wrongAccount } from "../error-bodies.ts";
import { voicemailIds } from "../voicemail/keys.ts";

const penaltyMs = 60_000;

/** What is known of the request that failed. */
export interface Hearing {
  /** The media host and who asked it, as a witness is named. */
  readonly by: string;
  /** How often the login was refused for this recording, this time included. */
  readonly refusals401: number;
  readonly now: number;
}

/** What a refused download means at RingCentral. Redirects, and hosts they lead to, are not classified here. */
export function classifyAnswer(error: RecordingError, ref: RecordingRef, hearing: Hearing): RecordingError {
  const { head, body } = error;
  const { by, refusals401, now } = hearing;
  if (head === undefined) return error;
  const { status } = head;
  const kept = { head, cause: error };
  const wait = waitOf(head, now);

  // RingCentral's word for too many requests is that, whatever status it comes with.
  if (status === 429 || isLimit(body)) {
    const message = `Recording ${ref.id}: RingCentral is limiting requests (429).`;
    return new RecordingError("rate-limited", message, { ...kept, retryAfterMs: wait.retryAfterMs ?? penaltyMs });
  }
  if (status === 401) return loginRefused(ref, refusals401, kept);
  if (status === 403) {
    if (isScopeRefusal(body)) return refusedScope(body);
    const said = errorCodes(body).size > 0 ? { witness: { by, explicit: true } } : {};
    const message = `Recording ${ref.id}: RingCentral does not let this user read it.`;
    return new RecordingError("forbidden", message, { ...kept, ...said });
  }
  if (status === 404 || status === 410) return missing(ref, body, hearing, kept);
  if (isPassing(status)) {
    const message = `Recording ${ref.id}: RingCentral reports a server error (HTTP ${status}).`;
    return new RecordingError("server-error", message, { ...kept, ...wait });
  }
  if (status === 416 || status < 400) return error;
  return new RecordingError("http-error", `Recording ${ref.id}: RingCentral refused it (HTTP ${status}).`, kept);
}

function loginRefused(ref: RecordingRef, times: number, kept: Kept): RecordingError {
  if (times < 2) {
    const message = `Recording ${ref.id}: RingCentral no longer accepts the login; it is being renewed.`;
    return new RecordingError("login-refused", message, { ...kept, verdict: "renew" });
  }
  const message = `RingCentral refuses the login, even after it was renewed. Check it with callreel auth status ringcentral.`;
  return new RecordingError("login-refused", message, kept);
}

type Kept = { readonly head: ResponseHead; readonly cause: RecordingError };

const ofRecordings = ["recordingId", "callRecordingId"] as const;
const ofVoicemail = ["messageId", "attachmentId", "extensionId"] as const;

/** Only RingCentral's own words about this very recording say that it is gone; a page of a gateway says nothing of it. */
function missing(ref: RecordingRef, body: string | undefined, { by, now }: Hearing, kept: Kept): RecordingError {
  const codes = errorCodes(body);
  const parameters = missingParameters(body);
  if (codes.has("CMN-120")) {
    return new RecordingError("http-error", `Recording ${ref.id}: RingCentral knows no such address (CMN-120).`, kept);
  }
  if (!codes.has("CMN-102") || parameters.size === 0) return strangeAnswer(ref, kept);
  if (parameters.has("accountId")) return wrongAccount(kept);
  if (
    ![...ofRecordings, ...(voicemailIds(ref.id) === undefined ? [] : ofVoicemail)].some((name) => parameters.has(name))
  )
    return strangeAnswer(ref, kept);
  if (isYoung(ref.call, Math.min(now, serverMs(kept.head) ?? now))) {
    const message = `Recording ${ref.id}: not there yet, because its call ended only recently. Run again later.`;
    return new RecordingError("not-ready", message, kept);
  }
  const message = `Recording ${ref.id}: RingCentral no longer has it (deleted, or older than its retention time).`;
  return new RecordingError("gone", message, {
    ...kept,
    witness: { by, explicit: true },
  });
}

function strangeAnswer(ref: RecordingRef, kept: Kept): RecordingError {
  const message = `Recording ${ref.id}: not found (HTTP ${kept.head.status}), but not in RingCentral's words: a gateway, a proxy or a wrong media host may have answered.`;
  return new RecordingError("http-error", message, kept);
}
