import { RecordingError } from "../../core/errors.ts";
import type { Source } from "../../core/ports.ts";
import type { Link, RecordingRef } from "../../core/recording.ts";
import { openApi } from "./api.ts";
import { openGate } from "./gate.ts";
import { judgeAnswer } from "./judge.ts";
import { listCalls } from "./listing.ts";
import { contentUrl, isOurs, redirectTarget } from "./media.ts";
import { namedRecording, recordingsOf } from "./records.ts";
import { checkedSettings, type RingCentralContext, type RingCentralSettings } from "./settings.ts";
import { openState } from "./state.ts";
import { openTokens } from "./token.ts";
import { findCredential, openTokenStore } from "./token-store.ts";

export type { RingCentralContext, RingCentralSettings } from "./settings.ts";

const audioKind = "recording";
const mostRenewals = 4;
const mostRemembered = 10_000;

/** Opens RingCentral for one login. No request is made until something is asked for. */
export function openRingCentral(given: RingCentralSettings, context: RingCentralContext): Source {
  const settings = checkedSettings(given);
  const state = openState(settings.stateDir);
  const credential = findCredential(state, settings);
  const rate = settings.ratePerMinute === undefined ? {} : { ratePerMinute: settings.ratePerMinute };
  const gate = openGate({ state, credential: credential ?? "none", ...context, ...rate });
  const store = credential === undefined ? undefined : openTokenStore(state, credential);
  const tokens = openTokens({ settings, context, gate }, store);
  const api = openApi({ settings, context, gate, tokens });
  /** How often the login was refused, and where a redirect led, for recordings that are being tried again. */
  const refusals = new Map<string, number>();
  const redirects = new Map<string, URL>();

  async function link(ref: RecordingRef, failed: Link | undefined, signal: AbortSignal): Promise<Link> {
    const url = redirects.get(ref.key) ?? new URL(contentUrl(ref, settings));
    redirects.delete(ref.key);
    const takenAt = context.clock.monotonic();
    if (!isOurs(url, settings)) return { url: url.href, headers: {}, resumable: true, takenAt };

    const failedToken = refusals.has(ref.key) ? tokenOf(failed) : undefined;
    await tokens.current(failedToken, signal);
    const pass = await gate.enter(audioKind, signal);
    try {
      const { accessToken, expiresMs } = await tokens.current(failedToken, signal);
      return {
        url: url.href,
        headers: { authorization: `Bearer ${accessToken}` },
        resumable: true,
        takenAt,
        ...(expiresMs === Number.MAX_SAFE_INTEGER ? {} : { expiresAtMs: expiresMs }),
        answered(head) {
          pass.answered(head);
          if (head === undefined || head.status === 401) return;
          tokens.accepted(accessToken);
          if (head.status < 300) refusals.delete(ref.key);
        },
      };
    } catch (error) {
      pass.answered(undefined);
      throw error;
    }
  }

  function judge(error: RecordingError, ref: RecordingRef, renewals: number): RecordingError {
    const { head } = error;
    if (head !== undefined && head.status >= 300 && head.status < 400 && head.status !== 304) {
      return redirected(error, ref, renewals);
    }
    if (head?.status !== 401) return judgeAnswer(error, ref, 0, context.clock.now());
    const times = (refusals.get(ref.key) ?? 0) + 1;
    remember(refusals, ref.key, times);
    return judgeAnswer(error, ref, renewals >= mostRenewals ? Infinity : times, context.clock.now());
  }

  function redirected(error: RecordingError, ref: RecordingRef, renewals: number): RecordingError {
    if (renewals >= mostRenewals) {
      return new RecordingError("bad-answer", `Recording ${ref.id}: the media host redirects without end.`);
    }
    try {
      const target = redirectTarget(error.head?.headers.location, contentUrl(ref, settings), ref);
      remember(redirects, ref.key, target);
    } catch (refused) {
      if (refused instanceof RecordingError) return refused;
      throw refused;
    }
    const message = `Recording ${ref.id}: the media host names another address.`;
    return new RecordingError("link-expired", message, { verdict: "renew", cause: error });
  }

  return {
    name: "ringcentral",
    list: (selection, signal) => listCalls({ settings, context, api }, selection, signal),
    recordings: recordingsOf,
    named: namedRecording,
    link,
    judge,
    ratePerMinute() {
      const { limit, windowMs } = gate.allowance(audioKind);
      return (limit * 60_000) / windowMs;
    },
    async [Symbol.asyncDispose]() {
      tokens[Symbol.dispose]();
      gate[Symbol.dispose]();
      state[Symbol.dispose]();
    },
  };
}

function tokenOf(link: Link | undefined): string | undefined {
  return link?.headers.authorization?.slice("Bearer ".length);
}

/** Remembers for later, but never without bound. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  if (map.size > mostRemembered) map.delete(map.keys().next().value as string);
}
