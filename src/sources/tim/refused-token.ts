import { retryAfterMs } from "../../core/answer.ts";
import { RecordingError } from "../../core/errors.ts";
import type { ResponseHead } from "../../core/recording.ts";
import { isPage } from "./judge.ts";

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
  const delay = retryAfterMs(head, nowMs);
  const details = { head, ...(delay === undefined ? {} : { retryAfterMs: delay }) };
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
        `The TIM login may not fetch ${recording} ${told} Its web user stands elsewhere in the Directory, its class may not use the voice script, or TIM has locked this address.`,
        { head },
      );
    case 404:
    case 410:
      if (!addressKnown || page) return noSuchPage(head, base);
      return new RecordingError("gone", `TIM has no ${recording} ${told}`, word);
    case 429:
      return new RecordingError("rate-limited", `TIM asks to slow down ${told}`, details);
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
