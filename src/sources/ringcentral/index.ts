import { RecordingError } from "../../core/errors.ts";
import type { Source } from "../../core/ports.ts";
import type { Link, RecordingRef } from "../../core/recording.ts";
import { openApi } from "./api.ts";
import { checkRingCentral } from "./check.ts";
import { openGate } from "./gate.ts";
import { revokeToken } from "./grants.ts";
import { judgeAnswer } from "./judge.ts";
import { listCalls } from "./listing.ts";
import { contentUrl, isOurs, redirectTarget } from "./media.ts";
import { namedRecording, recordingsOf } from "./records.ts";
import { checkedSettings, type RingCentralContext, type RingCentralSettings } from "./settings.ts";
import { openState } from "./state.ts";
import { type LoginStatus, loginStatus } from "./status.ts";
import { openTokens } from "./token.ts";
import { findCredential, forgetLogin, openTokenStore } from "./token-store.ts";

export { browserLogin, type LoggedIn, type LoginPrompt } from "./login.ts";
export type { RingCentralContext, RingCentralSettings } from "./settings.ts";
export type { LoginStatus } from "./status.ts";
export { sinceLast } from "./windows.ts";

/** RingCentral's powers beyond those of every source. */
export interface RingCentralSource extends Source {
  /** Who is logged in, and what the login may do. */
  status(signal: AbortSignal): Promise<LoginStatus>;
  /** Ends the session at RingCentral and forgets it here; what RingCentral says to that changes nothing. */
  logout(signal: AbortSignal): Promise<void>;
  /** An address that plays the recording until the token ends. It holds the token: for `link --direct` alone. */
  direct(ref: RecordingRef, signal: AbortSignal): Promise<{ readonly url: string; readonly expiresMs: number }>;
}

const audioKind = "recording";
const mostRenewals = 4;
const mostRemembered = 10_000;

/** Opens RingCentral for one login. No request is made until something is asked for. */
export function openRingCentral(given: RingCentralSettings, context: RingCentralContext): RingCentralSource {
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
    const redirect = redirects.get(ref.key);
    redirects.delete(ref.key);
    const url = redirect ?? new URL(contentUrl(ref, settings));
    const takenAt = context.clock.monotonic();
    if (!isOurs(url, settings)) return { url: url.href, headers: {}, resumable: true, takenAt };

    if (redirect === undefined && failed !== undefined) tokens.refused(tokenOf(failed));
    await tokens.current(signal);
    const pass = await gate.enter(audioKind, signal);
    try {
      const { accessToken, expiresMs } = await tokens.current(signal);
      return {
        url: url.href,
        headers: { authorization: `Bearer ${accessToken}` },
        resumable: true,
        takenAt,
        ...(expiresMs === Number.MAX_SAFE_INTEGER ? {} : { expiresAtMs: expiresMs }),
        answered(head) {
          pass.answered(head);
          if (head === undefined) return;
          if (head.status === 401) return tokens.refused(accessToken);
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

  async function logout(signal: AbortSignal): Promise<void> {
    const kept = store?.read();
    forgetLogin(state, settings);
    store?.remove();
    const token = kept?.refreshToken ?? kept?.accessToken;
    if (token !== undefined) await revokeToken({ settings, context, gate }, token, signal);
  }

  async function direct(ref: RecordingRef, signal: AbortSignal) {
    const url = new URL(contentUrl(ref, settings));
    const { accessToken, expiresMs } = await tokens.current(signal);
    url.searchParams.set("access_token", accessToken);
    return { url: url.href, expiresMs };
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
    check: (signal) => checkRingCentral({ settings, context, gate, tokens }, signal),
    status: (signal) => loginStatus({ settings, api, tokens, now: context.clock.now() }, signal),
    logout,
    direct,
    async [Symbol.asyncDispose]() {
      tokens[Symbol.dispose]();
      gate[Symbol.dispose]();
      state[Symbol.dispose]();
    },
  };
}

function tokenOf(link: Link): string {
  return link.headers.authorization?.slice("Bearer ".length) ?? "";
}

/** Remembers for later, but never without bound. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  if (map.size > mostRemembered) map.delete(map.keys().next().value as string);
}
