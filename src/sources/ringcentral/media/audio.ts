import type { RecordingError } from "../../../core/model/errors.ts";
import type { Link, RecordingRef } from "../../../core/model/recording.ts";
import type { Tokens } from "../auth/tokens.ts";
import { isLimit } from "../error-bodies.ts";
import type { RingCentralRateLimiter } from "../rate-limiter/limiter.ts";
import type { RingCentralContext, RingCentralSettings } from "../settings.ts";
import { voicemailIds } from "../voicemail/keys.ts";
import { contentUrl, isOurs } from "./addresses.ts";
import { classifyAnswer } from "./classify-failure.ts";
import { openDetours } from "./redirects.ts";

/** Links to audio, and what their failures mean. */
export interface Audio {
  link(ref: RecordingRef, failed: Link | undefined, signal: AbortSignal): Promise<Link>;
  classifyFailure(error: RecordingError, ref: RecordingRef, renewals: number): RecordingError;
  /** Who is asked for this recording, as a witness is named: the media host and our user there. */
  addressOf(ref: RecordingRef): string;
}

export interface AudioWorld {
  readonly settings: RingCentralSettings;
  readonly context: RingCentralContext;
  readonly rateLimiter: RingCentralRateLimiter;
  readonly tokens: Tokens;
}

/** The kind under which audio requests pass the rate limiter. */
export const audioKind = "recording";

/** The same for attachments of messages, which have a budget of their own. */
export const attachmentKind = "message-content";

const kindOf = ({ id }: RecordingRef) => (voicemailIds(id) === undefined ? audioKind : attachmentKind);

const mostRenewals = 4;
const mostRemembered = 10_000;

export function openAudio({ settings, context, rateLimiter, tokens }: AudioWorld): Audio {
  /** How often the login was refused for recordings that are being tried again. */
  const refusals = new Map<string, number>();
  const detours = openDetours((url) => isOurs(url, settings));
  let user = "";

  const addressOf = (ref: RecordingRef) => `${new URL(contentUrl(ref, settings)).host}${user}`;

  async function link(ref: RecordingRef, failed: Link | undefined, signal: AbortSignal): Promise<Link> {
    signal.throwIfAborted();
    const detour = detours.next(ref);
    const url = detour?.url.href ?? contentUrl(ref, settings);
    if (detour?.foreign) return { url, headers: {}, resumable: true, takenAt: context.clock.monotonic() };

    if (detour === undefined && failed?.headers.authorization !== undefined) tokens.refused(tokenOf(failed));
    await tokens.current(signal);
    const permit = await rateLimiter.acquire(kindOf(ref), signal);
    try {
      // Waiting at the rate limiter may have taken longer than the token lived.
      const { accessToken, expiresMs, ownerId } = await tokens.current(signal);
      user = ownerId === undefined ? "" : ` (user ${ownerId})`;
      return {
        url,
        headers: { authorization: `Bearer ${accessToken}` },
        resumable: true,
        takenAt: context.clock.monotonic(),
        ...(expiresMs === Number.MAX_SAFE_INTEGER ? {} : { expiresAtMs: expiresMs }),
        answered(head, sent) {
          permit.observeResponse(head, sent);
          if (head === undefined) return;
          if (head.status === 401) return tokens.refused(accessToken);
          tokens.accepted(accessToken);
          if (head.status < 300) refusals.delete(ref.key);
        },
      };
    } catch (error) {
      permit.observeResponse(undefined, false);
      throw error;
    }
  }

  function classifyFailure(error: RecordingError, ref: RecordingRef, renewals: number): RecordingError {
    const { head } = error;
    if (head !== undefined && head.status >= 300 && head.status < 400 && head.status !== 304) {
      return detours.redirected(error, ref, contentUrl(ref, settings));
    }
    if (detours.isElsewhere(ref)) return detours.refused(error, ref, context.clock.now());
    if (head !== undefined && head.status !== 429 && isLimit(error.body)) rateLimiter.limited(kindOf(ref), head);
    const by = addressOf(ref);
    const now = context.clock.now();
    if (head?.status !== 401) return classifyAnswer(error, ref, { by, refusals401: 0, now });
    const times = (refusals.get(ref.key) ?? 0) + 1;
    remember(refusals, ref.key, times);
    return classifyAnswer(error, ref, { by, refusals401: renewals >= mostRenewals ? Infinity : times, now });
  }

  return { link, classifyFailure, addressOf };
}

function tokenOf(link: Link): string {
  return link.headers.authorization?.slice("Bearer ".length) ?? "";
}

/** Remembers for later, but never without bound. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  if (map.size > mostRemembered) map.delete(map.keys().next().value as string);
}
