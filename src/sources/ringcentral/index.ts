import type { Source } from "../../core/model/ports.ts";
import type { RecordingRef } from "../../core/model/recording.ts";
import { openApi } from "./api.ts";
import { revokeToken } from "./auth/grants.ts";
import { type LoginStatus, loginStatus } from "./auth/login-status.ts";
import { openSharedTokenStore } from "./auth/shared-tokens.ts";
import { findCredential, forgetLogin, openTokenStore, openTokens, type TokenStore } from "./auth/tokens.ts";
import { namedRecording, recordingsOf } from "./call-log/call-records.ts";
import { forgetExtensions, openExtensions } from "./call-log/extensions.ts";
import { listCalls } from "./call-log/listing.ts";
import { withNewestCalls } from "./call-log/newest-calls.ts";
import { readRetention } from "./call-log/retention.ts";
import { openServerClock } from "./call-log/server-clock.ts";
import { checkRingCentral } from "./check.ts";
import { listenToCalls } from "./events/listen.ts";
import { openInsights } from "./insights.ts";
import { contentUrl } from "./media/addresses.ts";
import { audioKind, openAudio } from "./media/audio.ts";
import { openRateLimiter } from "./rate-limiter/open-rate-limiter.ts";
import { applicationOf, checkedSettings, type RingCentralContext, type RingCentralSettings } from "./settings.ts";
import { openState, type State } from "./state.ts";
import { openVoicemail } from "./voicemail/voicemail.ts";

export { forgetSession, hasSession, shareLogin } from "./auth/kept-session.ts";
export type { LoginStatus } from "./auth/login-status.ts";
export { tokenKey } from "./auth/shared-tokens.ts";
export type { RingCentralContext, RingCentralSettings } from "./settings.ts";
export { leaseLost, openSharedLease, type SharedLease } from "./shared-lease.ts";
export { openSharedState, type SharedState } from "./shared-state.ts";

/** RingCentral's powers beyond those of every source. */
export interface RingCentralSource extends Source {
  /** Who is logged in, and what the login may do. */
  status(signal: AbortSignal): Promise<LoginStatus>;
  /** Ends the session at RingCentral and forgets it here; what RingCentral says to that changes nothing. */
  logout(signal: AbortSignal): Promise<void>;
  /** An address that plays the recording until the token ends. It holds the token: for `link --direct` alone. */
  direct(ref: RecordingRef, signal: AbortSignal): Promise<{ readonly url: string; readonly expiresMs: number }>;
}

/** Opens RingCentral for one login. No request is made until something is asked for. */
export function openRingCentral(given: RingCentralSettings, context: RingCentralContext): RingCentralSource {
  const settings = checkedSettings(given);
  const state = openState(settings.stateDir);
  const credential = findCredential(state, settings);
  const rate = settings.ratePerMinute === undefined ? {} : { ratePerMinute: settings.ratePerMinute };
  const application = applicationOf(settings);
  const rateLimiter = openRateLimiter({ state, credential: credential ?? "none", application, ...context, ...rate });
  const store = credential === undefined ? undefined : tokenStoreOf(credential, settings, state, context);
  const tokens = openTokens({ settings, context, rateLimiter }, store);
  const serverClock = openServerClock(context.clock);
  const api = openApi({ settings, context, rateLimiter, tokens, serverClock });
  const extensions = openExtensions({ settings, context, api, state, credential });
  const audio = openAudio({ settings, context, rateLimiter, tokens });

  async function logout(signal: AbortSignal): Promise<void> {
    const kept = await store?.read();
    forgetLogin(state, settings);
    forgetExtensions({ settings, state, credential });
    await store?.remove();
    const token = kept?.refreshToken ?? kept?.accessToken;
    if (token !== undefined) await revokeToken({ settings, context, rateLimiter }, token, signal);
  }

  /** Any answer tells the time; the list of API versions takes no login and counts against no budget. */
  async function readServerClock(signal: AbortSignal): Promise<number | undefined> {
    const headers = { accept: "application/json", "cache-control": "no-cache" };
    const url = `${settings.server}/restapi`;
    if (serverClock.now() === undefined) {
      await context.http.request({ url, headers }, signal).then(serverClock.heard, () => signal.throwIfAborted());
    }
    return serverClock.now();
  }

  async function direct(ref: RecordingRef, signal: AbortSignal) {
    const url = new URL(contentUrl(ref, settings));
    const { accessToken, expiresMs } = await tokens.current(signal);
    url.searchParams.set("access_token", accessToken);
    return { url: url.href, expiresMs };
  }

  return {
    name: "ringcentral",
    list: (selection, signal, heard) =>
      listCalls({ settings, context, api, serverClock, extensions }, selection, signal, heard),
    voicemail: openVoicemail({ settings, api, tokens }),
    insights: openInsights({ settings, api }),
    now: (signal) => readServerClock(signal),
    listen: (open, hear, signal) => listenToCalls({ settings, context, api }, open, hear, signal),
    ...(credential === undefined ? {} : { login: credential }),
    recordings: recordingsOf,
    named: namedRecording,
    described: (refs, signal) => withNewestCalls({ settings, context, api }, refs, signal),
    link: audio.link,
    classifyFailure: audio.classifyFailure,
    addressesOf: (ref) => [audio.addressOf(ref)],
    ratePerMinute() {
      const { limit, windowMs } = rateLimiter.allowance(audioKind);
      return (limit * 60_000) / windowMs;
    },
    budget: () => ({ limit: rateLimiter.allowance(audioKind).limit, used: rateLimiter.used(audioKind) }),
    retentionDays: async (signal) => (await readRetention({ settings, api }, signal))?.days,
    check: (signal, sample) => checkRingCentral({ settings, context, rateLimiter, tokens, audio }, signal, sample),
    status: (signal) => loginStatus({ settings, api, tokens, now: context.clock.now() }, signal),
    logout,
    direct,
    async [Symbol.asyncDispose]() {
      tokens[Symbol.dispose]();
      rateLimiter[Symbol.dispose]();
      await context.shared?.state[Symbol.asyncDispose]();
      state[Symbol.dispose]();
    },
  };
}

/** What stands for the login of these settings on every machine; undefined where there is none yet. */
export function loginOf(given: RingCentralSettings): string | undefined {
  const settings = checkedSettings(given);
  using state = openState(settings.stateDir);
  return findCredential(state, settings);
}

/** Sessions are shared only where they can be encrypted; a browser's login stays on the machine that it was made on. */
function tokenStoreOf(
  credential: string,
  { jwt }: RingCentralSettings,
  state: State,
  { shared, report }: RingCentralContext,
): TokenStore {
  if (shared?.tokenKey === undefined || jwt === undefined) return openTokenStore(state, credential);
  const warn = (message: string) => report({ event: "notice", level: "warning", message });
  return openSharedTokenStore(shared.state, credential, shared.tokenKey, warn);
}
