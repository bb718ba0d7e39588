import { forgetExtensions } from "../call-log/extensions.ts";
import { checkedSettings, type RingCentralSettings } from "../settings.ts";
import { openState } from "../state.ts";
import { findCredential, forgetLogin, openTokenStore, rememberedUser, rememberLogin } from "./tokens.ts";

/** Whether a session is kept on this machine that these settings would use. */
export function hasSession(given: RingCentralSettings): boolean {
  const settings = checkedSettings(given);
  using state = openState(settings.stateDir);
  const credential = findCredential(state, settings);
  return credential !== undefined && openTokenStore(state, credential).read() !== undefined;
}

/** Forgets on this machine who logged in and the session of it, unless one of `others` uses the same. Asks nobody anything. */
export function forgetSession(given: RingCentralSettings, others: readonly RingCentralSettings[] = []): void {
  const settings = checkedSettings(given);
  using state = openState(settings.stateDir);
  const credential = findCredential(state, settings);
  forgetLogin(state, settings);
  if (credential === undefined) return;
  if (others.some((other) => findCredential(state, checkedSettings(other)) === credential)) return;
  forgetExtensions({ settings, state, credential });
  openTokenStore(state, credential).remove();
}

/** Lets another profile use the browser login of this one. */
export function shareLogin(given: RingCentralSettings, profile: string): void {
  const settings = checkedSettings(given);
  using state = openState(settings.stateDir);
  const user = rememberedUser(state, settings);
  if (user !== undefined) rememberLogin(state, { ...settings, profile }, user);
}
