import { type ErrorCode, RecordingError, type Verdict } from "./errors.ts";
import type { ResponseHead } from "./recording.ts";

/** A RecordingError as plain data, to cross between threads. Its cause becomes text. */
export interface ErrorParts {
  readonly code: ErrorCode;
  readonly message: string;
  readonly verdict: Verdict;
  readonly retryAfterMs: number | undefined;
  readonly head: ResponseHead | undefined;
  readonly body: string | undefined;
  readonly unsent: boolean;
  readonly cause: string | undefined;
}

export function errorParts(error: RecordingError): ErrorParts {
  const { code, message, verdict, retryAfterMs, head, body, unsent, cause } = error;
  const told =
    cause instanceof Error ? (cause.stack ?? cause.message) : cause === undefined ? undefined : String(cause);
  return { code, message, verdict, retryAfterMs, head, body, unsent, cause: told };
}

/** The error again; its cause is an Error whose stack is the one from over there. */
export function errorOf({
  code,
  message,
  verdict,
  retryAfterMs,
  head,
  body,
  unsent,
  cause,
}: ErrorParts): RecordingError {
  return new RecordingError(code, message, {
    verdict,
    unsent,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(head === undefined ? {} : { head }),
    ...(body === undefined ? {} : { body }),
    ...(cause === undefined ? {} : { cause: Object.assign(new Error(message), { stack: cause }) }),
  });
}
