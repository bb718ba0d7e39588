import { type ErrorCode, type ErrorDetails, RecordingError } from "../../core/model/errors.ts";
import type { RecordingRef, ResponseHead } from "../../core/model/recording.ts";
import { waitOf } from "../../core/model/response-headers.ts";

/** What is known of the link whose transfer failed. */
export interface UsedLink {
  /** The Echo host as TIM named it. */
  readonly echoHost: string;
  /** TIM's page that gave the link. */
  readonly page: string;
  /** Milliseconds from asking for the link to Echo's answer; undefined when none came. */
  readonly ageMs: number | undefined;
}

/** A link that was refused although it was this young did not die of age. */
const surelyYoungMs = 1_000;
const mostRenewals = 3;

/**
 * What a failed transfer from Echo means. Each way in which an old link may fail is answered with one fresh link (a few,
 * while links are so slow that they may well have expired again), then told as what it is.
 */
export function classifyTransfer(
  error: RecordingError,
  ref: RecordingRef,
  renewals: number,
  used: UsedLink | undefined,
  nowMs: number,
): RecordingError {
  if (error.code === "unreachable") return unreachableEcho(error, used);
  if (!mayBeExpired(error)) return withRetryAfter(named(error, ref), nowMs);
  if (renewals === 0 || (renewals < mostRenewals && (used?.ageMs ?? 0) > surelyYoungMs)) {
    return restated(error, "link-expired", `Echo refused the link to ${ref.key} (${cause(error)}).`);
  }
  return classified(error, ref, used?.echoHost);
}

function mayBeExpired({ head, code }: RecordingError): boolean {
  if (head !== undefined && [401, 403, 404, 410].includes(head.status)) return true;
  return code === "not-audio" || code === "empty-body";
}

/** Trouble that says nothing of the recording, with the name of who is in it. */
function named(error: RecordingError, { key }: RecordingRef): RecordingError {
  const { code, head } = error;
  if (head === undefined) return error;
  if (code === "server-error") return restated(error, code, `Echo reports an error for ${key} (HTTP ${head.status}).`);
  return code === "rate-limited" ? restated(error, code, `Echo is limiting requests (HTTP ${head.status}).`) : error;
}

/** An Echo that is busy says when to come back. */
function withRetryAfter(error: RecordingError, nowMs: number): RecordingError {
  const { head, code, message, verdict, cause } = error;
  if (head === undefined || verdict !== "retry" || error.retryAfterMs !== undefined) return error;
  const wait = waitOf(head, nowMs);
  return wait.retryAfterMs === undefined ? error : new RecordingError(code, message, { head, verdict, ...wait, cause });
}

function classified(error: RecordingError, ref: RecordingRef, by: string | undefined): RecordingError {
  switch (error.head?.status) {
    case 404:
    case 410: {
      const message = `Echo has no ${ref.key} any more (${cause(error)}), even with a fresh link.`;
      return isPage(error) ? restated(error, "http-error", pageInstead(message)) : said(error, "gone", message, by);
    }
    case 401:
    case 403: {
      // It speaks of who asks, or from where, at least as much as of the recording: no evidence.
      return restated(error, "forbidden", `Echo does not give ${ref.key} (${cause(error)}), even with a fresh link.`);
    }
  }
  if (error.code === "empty-body") {
    const message = `Echo has nothing for ${ref.key}: an empty body, even with a fresh link.`;
    return said(error, "no-recording", message, by);
  }
  return error;
}

/** Whether a refusal came with a page for people, as gateways and proxies send it whatever was asked for. */
export function isPage({ head, body }: Pick<RecordingError, "head" | "body">): boolean {
  return /^\s*text\/html/i.test(head?.headers["content-type"] ?? "") || /^\s*</.test(body ?? "");
}

function pageInstead(message: string): string {
  return `${message} A web page answered, which says nothing about the recording: it is asked for again.`;
}

function cause({ head, code }: RecordingError): string {
  if (head !== undefined && head.status >= 300) return `status ${head.status}`;
  return code === "empty-body" ? "an empty body" : "no audio";
}

function unreachableEcho(error: RecordingError, used: UsedLink | undefined): RecordingError {
  const echoHost = used?.echoHost ?? "HOST";
  return new RecordingError(
    error.code,
    `Echo, which TIM names ${echoHost}, cannot be reached from here. ${error.message} If it has another address here, give --echo-rewrite ${echoHost}=HOST:PORT.`,
    { verdict: error.verdict, cause: error },
  );
}

/** A refusal as Echo's own word. */
function said(error: RecordingError, code: ErrorCode, message: string, by: string | undefined): RecordingError {
  return restated(error, code, message, by === undefined ? {} : { witness: { by, explicit: false } });
}

function restated(error: RecordingError, code: ErrorCode, message: string, more: ErrorDetails = {}): RecordingError {
  return new RecordingError(code, message, {
    ...more,
    ...(error.head === undefined ? {} : { head: error.head }),
    ...(error.body === undefined ? {} : { body: error.body }),
    cause: error,
  });
}

/** A token request, as far as its refusal depends on it. */
export interface Asked {
  readonly recording: string;
  readonly base: URL;
  /** Whether TIM is known to have a page at this address, so that a 404 speaks of the recording. */
  readonly addressKnown: boolean;
  /** TIM's host and the page asked, as a witness is named. */
  readonly by: string;
  /** The beginning of the answer's body. */
  readonly text: string;
}

/** What TIM's status for a token request means, or undefined when it brings an address. */
export function refusedToken(
  head: ResponseHead,
  { recording, base, addressKnown, by, text }: Asked,
  nowMs: number,
): RecordingError | undefined {
  const { status } = head;
  if (status >= 200 && status < 300) return undefined;
  if (status >= 300 && status < 400) return redirected(head, recording, base);
  const details = { head, ...waitOf(head, nowMs) };
  const told = `(TIM answered ${status}).`;
  const page = isPage({ head, body: text });
  const word = page ? { head } : { head, witness: { by, explicit: false } };
  switch (status) {
    case 400:
      return new RecordingError(
        "bad-answer",
        `TIM does not understand the token request for ${recording} ${told} See --tim-url-template for other forms of it.`,
        { head },
      );
    case 403:
      return new RecordingError(
        "forbidden",
        `The TIM login may not fetch ${recording} ${told} Its web user is elsewhere in the Directory, its class may not use the voice script, or TIM has locked this address.`,
        { head },
      );
    case 404:
    case 410:
      if (!addressKnown || page) return noSuchPage(head, base);
      return new RecordingError("gone", `TIM has no ${recording} ${told}`, word);
    case 429:
      return new RecordingError("rate-limited", `TIM is limiting requests ${told}`, details);
  }
  if (status >= 500 || status === 408 || status === 425) {
    return new RecordingError("server-error", `TIM failed to give an address for ${recording} ${told}`, details);
  }
  return new RecordingError("http-error", `TIM refused the token request for ${recording} ${told}`, { head });
}

function noSuchPage(head: ResponseHead, base: URL): RecordingError {
  return new RecordingError(
    "bad-answer",
    `${base.host} has no page at the address of the token request (${head.status}). See whether --tim-url is TIM's own web server, and --format and --tim-url-template fit it.`,
    { head },
  );
}

function redirected(head: ResponseHead, recording: string, base: URL): RecordingError {
  const location = head.headers.location ?? "";
  const target = URL.canParse(location, base.href) ? new URL(location, base) : undefined;
  if (target !== undefined && target.hostname === base.hostname && target.protocol !== base.protocol) {
    return new RecordingError("usage", `TIM sends every request on to ${target.origin}: give that as --tim-url.`, {
      head,
    });
  }
  const where = target === undefined ? "elsewhere" : target.origin === base.origin ? "another page" : target.host;
  return new RecordingError(
    "bad-answer",
    `TIM redirects the token request for ${recording} to ${where} instead of giving an Echo address; redirects are not followed with a login. See --tim-url and --tim-url-template.`,
    { head },
  );
}
