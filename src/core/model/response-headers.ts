import { RecordingError } from "./errors.ts";
import type { ResponseHead } from "./recording.ts";

/** The error that a status other than 2xx stands for; `body` is its text, for the source to classify. */
export function statusError(head: ResponseHead, body: string | undefined, nowMs: number): RecordingError {
  const { status } = head;
  const details = { head, ...(body === undefined ? {} : { body }), ...waitOf(head, nowMs) };
  if (status === 429) return new RecordingError("rate-limited", "The server is limiting requests (429).", details);
  if (isPassing(status)) {
    return new RecordingError("server-error", `The server reports an error (${status}).`, details);
  }
  const redirect = status >= 300 && status < 400 ? " by sending elsewhere" : "";
  return new RecordingError("http-error", `The server refused the audio${redirect} (${status}).`, details);
}

/** Whether a status tells of trouble that passes by itself: the server's, or too many requests (429). */
export function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** How long an answer asks to wait, as an error has it. */
export function waitOf(head: ResponseHead, nowMs: number): { readonly retryAfterMs?: number } {
  const delay = retryAfterMs(head, nowMs);
  return delay === undefined ? {} : { retryAfterMs: delay };
}

/** Milliseconds from a Retry-After header, seconds or HTTP date; a date counts from the server's own clock where it tells. */
export function retryAfterMs(head: ResponseHead, nowMs: number): number | undefined {
  const text = head.headers["retry-after"]?.trim();
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,9}(?:\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const until = httpDate(text);
  if (until === undefined) return undefined;
  return Math.max(0, until - (httpDate(head.headers.date) ?? nowMs));
}

/** The length a body is announced to have; undefined when it is not, or not understandably. */
export function contentLength(head: ResponseHead): number | undefined {
  const text = head.headers["content-length"];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** `bytes first-last/total` or `bytes * /total`; total is undefined for `*`. */
export function contentRange(
  head: ResponseHead,
): { readonly first?: number; readonly last?: number; readonly total?: number } | undefined {
  const match = /^bytes\s+(?:(\d{1,15})-(\d{1,15})|\*)\/(?:(\d{1,15})|\*)$/i.exec(head.headers["content-range"] ?? "");
  if (match === null) return undefined;
  const [first, last, total] = match.slice(1).map((part) => (part === undefined ? undefined : Number(part)));
  return {
    ...(first === undefined ? {} : { first }),
    ...(last === undefined ? {} : { last }),
    ...(total === undefined ? {} : { total }),
  };
}

/** The strong validator of an answer: an ETag that is not weak. */
export function strongValidator(head: ResponseHead): string | undefined {
  const tag = head.headers.etag?.trim();
  return tag !== undefined && /^"[\x21\x23-\x7e\x80-\xff]{1,512}"$/.test(tag) ? tag : undefined;
}

/** Within this a file may change twice without its date telling (RFC 9110, 8.8.2.2). */
const dateResolutionMs = 60_000;

/** The Last-Modified date of an answer, as it was sent, when it is so old by the server's own clock that it tells versions apart. */
export function lastModified(head: ResponseHead): string | undefined {
  const text = head.headers["last-modified"]?.trim();
  const modified = httpDate(text);
  const made = serverMs(head);
  if (modified === undefined || made === undefined || made - modified < dateResolutionMs) return undefined;
  return text !== undefined && /^[\w ,:]{1,64}$/.test(text) ? text : undefined;
}

/** An answer that names a range is what its range says, though its status claims the whole. Throws where the range cannot be read. */
export function asItsRangeSays(head: ResponseHead): ResponseHead {
  if (head.status !== 200 || head.headers["content-range"] === undefined) return head;
  if (contentRange(head)?.first !== undefined) return { ...head, status: 206 };
  throw new RecordingError("bad-answer", "The server's Content-Range cannot be read, so what it sent may be a part.", {
    verdict: "retry",
  });
}

/** When an answer was made by its server's own clock; undefined where it does not say. */
export function serverMs(head: ResponseHead): number | undefined {
  return httpDate(head.headers.date);
}

function httpDate(text: string | undefined): number | undefined {
  if (text === undefined || !/^[A-Za-z]{3,9},? /.test(text)) return undefined;
  const ms = Date.parse(/GMT|UTC|[+-]\d{4}$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(ms) ? undefined : ms;
}
