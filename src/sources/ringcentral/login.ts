import * as oauth from "oauth4webapi";
import { RecordingError } from "../../core/errors.ts";
import { openGate } from "./gate.ts";
import { codeGrant, requestToken, type TokenSet } from "./grants.ts";
import { openLoopback } from "./loopback.ts";
import { checkedSettings, credentialOf, type RingCentralContext, type RingCentralSettings } from "./settings.ts";
import { openState } from "./state.ts";
import { openTokenStore, rememberLogin } from "./token-store.ts";

/** How a browser login talks to the person who logs in. */
export interface LoginPrompt {
  /** Where to log in, and the redirect URI that the app must have registered. */
  show(address: string, redirectUri: string): void;
  /** Opens a browser if there is one. */
  open(address: string): void;
  /** The address the browser was sent to, typed in by hand when it runs on another machine. Absent without a terminal. */
  paste?(signal: AbortSignal): Promise<string>;
}

export interface LoggedIn {
  /** Extension id of the user. */
  readonly user: string;
  readonly scopes: readonly string[];
  readonly expiresMs: number;
  /** Until when the login renews itself; absent when the app issues no refresh tokens. */
  readonly refreshExpiresMs?: number;
}

const patienceMs = 300_000;

/**
 * Logs a user in through the browser (authorization code with PKCE, loopback address) and keeps the session for every
 * process of the user. Throws `login-refused` when it was declined or nobody came within five minutes.
 */
export async function browserLogin(
  given: RingCentralSettings,
  context: RingCentralContext,
  prompt: LoginPrompt,
  signal: AbortSignal,
): Promise<LoggedIn> {
  const settings = checkedSettings(given);
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const ending = new AbortController();
  const ended = AbortSignal.any([signal, ending.signal]);
  await using loopback = await openLoopback(settings.redirectPort, (address) => codeOf(address, settings, state));
  try {
    const address = await loginAddress(settings, loopback.redirectUri, state, verifier);
    prompt.show(address, loopback.redirectUri);
    prompt.open(address);
    const code = await Promise.race([
      loopback.code,
      pastedCode(prompt, settings, state, ended),
      nobodyCame(context, ended),
    ]);
    return await keepSession(settings, context, codeGrant(code, loopback.redirectUri, verifier), signal);
  } finally {
    ending.abort();
  }
}

/** The address of the login page, with the challenge that fits `verifier`. */
export async function loginAddress(
  settings: RingCentralSettings,
  redirectUri: string,
  state: string,
  verifier: string,
): Promise<string> {
  const address = new URL(`${settings.server}/restapi/oauth/authorize`);
  const parameters = {
    response_type: "code",
    client_id: settings.clientId,
    redirect_uri: redirectUri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...(settings.brandId === undefined ? {} : { brand_id: settings.brandId }),
  };
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  return address.href;
}

/** The code in the address the browser was sent to; undefined when it does not belong to this login. */
function codeOf(address: URL, settings: RingCentralSettings, state: string): string | undefined {
  if (address.searchParams.get("state") !== state) return undefined;
  try {
    const server = { issuer: settings.server };
    const answer = oauth.validateAuthResponse(server, { client_id: settings.clientId }, address.searchParams, state);
    return answer.get("code") ?? undefined;
  } catch (error) {
    if (!(error instanceof oauth.AuthorizationResponseError)) return undefined;
    throw new RecordingError("login-refused", "The login was declined in the browser. Run the command again.");
  }
}

async function pastedCode(
  prompt: LoginPrompt,
  settings: RingCentralSettings,
  state: string,
  signal: AbortSignal,
): Promise<string> {
  while (prompt.paste !== undefined && !signal.aborted) {
    const text = (await prompt.paste(signal)).trim();
    const address = URL.canParse(text) ? new URL(text) : undefined;
    const code = address === undefined ? undefined : codeOf(address, settings, state);
    if (code !== undefined) return code;
  }
  return new Promise(() => {});
}

async function nobodyCame(context: RingCentralContext, signal: AbortSignal): Promise<never> {
  await context.clock.sleep(patienceMs, signal);
  throw new RecordingError("login-refused", "Nobody logged in within 5 minutes. Run the command again.");
}

async function keepSession(
  settings: RingCentralSettings,
  context: RingCentralContext,
  grant: ReturnType<typeof codeGrant>,
  signal: AbortSignal,
): Promise<LoggedIn> {
  using state = openState(settings.stateDir);
  using gate = openGate({ state, credential: credentialOf(settings, "browser"), ...context });
  const tokens = await requestToken({ settings, context, gate }, grant, signal);
  const user = tokens.ownerId ?? settings.profile;
  openTokenStore(state, rememberLogin(state, settings, user)).write(tokens);
  return loggedIn(user, tokens);
}

function loggedIn(user: string, { scope, expiresMs, refreshExpiresMs }: TokenSet): LoggedIn {
  const scopes = scope.split(/\s+/).filter((name) => name !== "");
  return { user, scopes, expiresMs, ...(refreshExpiresMs === undefined ? {} : { refreshExpiresMs }) };
}
