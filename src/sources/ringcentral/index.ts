import type { Source } from "../../core/ports.ts";
import type { RecordingRef } from "../../core/recording.ts";
import { openApi } from "./api.ts";
import { audioKind, openAudio } from "./audio.ts";
import { checkRingCentral } from "./check.ts";
import { forgetExtensions } from "./extension-list.ts";
import { openExtensions } from "./extensions.ts";
import { openGate } from "./gate.ts";
import { revokeToken } from "./grants.ts";
import { listCalls } from "./listing.ts";
import { contentUrl } from "./media.ts";
import { withNewestCalls } from "./newest-calls.ts";
import { namedRecording, recordingsOf } from "./records.ts";
import { readRetention } from "./retention.ts";
import { openServerClock } from "./server-clock.ts";
import { checkedSettings, type RingCentralContext, type RingCentralSettings } from "./settings.ts";
import { openState } from "./state.ts";
import { type LoginStatus, loginStatus } from "./status.ts";
import { openTokens } from "./token.ts";
import { findCredential, forgetLogin, openTokenStore } from "./token-store.ts";

export { browserLogin, type LoginPrompt } from "./login.ts";
export type { RingCentralContext, RingCentralSettings } from "./settings.ts";
export type { LoginStatus } from "./status.ts";
export { openWebLogins, type WebLogins } from "./web-login.ts";

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
  const gate = openGate({ state, credential: credential ?? "none", ...context, ...rate });
  const store = credential === undefined ? undefined : openTokenStore(state, credential);
  const tokens = openTokens({ settings, context, gate }, store);
  const serverClock = openServerClock(context.clock);
  const api = openApi({ settings, context, gate, tokens, serverClock });
  const extensions = openExtensions({ settings, context, api, state, credential });
  const audio = openAudio({ settings, context, gate, tokens });

  async function logout(signal: AbortSignal): Promise<void> {
    const kept = store?.read();
    forgetLogin(state, settings);
    forgetExtensions({ settings, state, credential });
    store?.remove();
    const token = kept?.refreshToken ?? kept?.accessToken;
    if (token !== undefined) await revokeToken({ settings, context, gate }, token, signal);
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
    now: (signal) => readServerClock(signal),
    ...(credential === undefined ? {} : { login: credential }),
    recordings: recordingsOf,
    named: namedRecording,
    described: (refs, signal) => withNewestCalls({ settings, context, api }, refs, signal),
    link: audio.link,
    judge: audio.judge,
    addressesOf: (ref) => [audio.addressOf(ref)],
    ratePerMinute() {
      const { limit, windowMs } = gate.allowance(audioKind);
      return (limit * 60_000) / windowMs;
    },
    retentionDays: async (signal) => (await readRetention({ settings, api }, signal))?.days,
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
