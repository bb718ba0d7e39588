import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as oauth from "oauth4webapi";
import { RecordingError } from "../../../core/model/errors.ts";
import { openRateLimiter } from "../rate-limiter/open-rate-limiter.ts";
import {
  applicationOf,
  checkedSettings,
  credentialOf,
  type RingCentralContext,
  type RingCentralSettings,
} from "../settings.ts";
import { openState } from "../state.ts";
import { codeGrant, requestToken, type TokenSet } from "./grants.ts";
import { openTokenStore, rememberLogin } from "./tokens.ts";

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
  const [credential, application] = [credentialOf(settings, "browser"), applicationOf(settings)];
  using rateLimiter = openRateLimiter({ state, credential, application, ...context });
  const tokens = await requestToken({ settings, context, rateLimiter }, grant, signal);
  const user = tokens.ownerId ?? settings.profile;
  openTokenStore(state, rememberLogin(state, settings, user)).replace(tokens);
  return loggedIn(user, tokens);
}

function loggedIn(user: string, { scope, expiresMs, refreshExpiresMs }: TokenSet): LoggedIn {
  const scopes = scope.split(/\s+/).filter((name) => name !== "");
  return { user, scopes, expiresMs, ...(refreshExpiresMs === undefined ? {} : { refreshExpiresMs }) };
}

/** The address on this machine that a browser login returns to. */
export interface Loopback extends AsyncDisposable {
  readonly redirectUri: string;
  /** The code of the first visit that belongs to the login; rejects when the login was declined. */
  readonly code: Promise<string>;
}

const path = "/oauth2callback";

/**
 * Listens on this machine only. `read` gives the code of an address, undefined when the visit does not belong to this
 * login (it is turned away and the login goes on), and throws when the login was declined.
 */
export async function openLoopback(port: number, read: (address: URL) => string | undefined): Promise<Loopback> {
  let resolve: (code: string) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const code = new Promise<string>((...settle) => {
    [resolve, reject] = settle;
  });
  code.catch(() => {});
  const visit = (request: IncomingMessage, response: ServerResponse) => {
    const address = new URL(request.url ?? "/", "http://localhost");
    if (request.method !== "GET" || address.pathname !== path) return page(response, 404, "Nothing here.");
    try {
      const found = read(address);
      if (found === undefined) return page(response, 400, "This does not belong to the login under way.");
      page(response, 200, "Logged in. You can close this window and go back to the terminal.");
      resolve(found);
    } catch (error) {
      page(response, 200, "The login was declined. You can close this window.");
      reject(error);
    }
  };
  const first = await listen(visit, "127.0.0.1", port);
  const { port: taken } = first.address() as AddressInfo;
  // A browser may take "localhost" for either of the two addresses; a machine without IPv6 has only the first.
  const second = await listen(visit, "::1", taken).catch(() => undefined);
  return {
    redirectUri: `http://localhost:${taken}${path}`,
    code,
    async [Symbol.asyncDispose]() {
      for (const server of [first, second]) {
        server?.close();
        server?.closeIdleConnections();
      }
    },
  };
}

function listen(visit: (request: IncomingMessage, response: ServerResponse) => void, host: string, port: number) {
  return new Promise<Server>((resolve, reject) => {
    const server = createServer(visit);
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        new RecordingError(
          "usage",
          `Port ${port} for the browser login cannot be used (${error.code ?? "error"}). Choose another with --redirect-port and register its redirect URI with the app.`,
          { cause: error },
        ),
      );
    });
    server.listen(port, host, () => resolve(server));
  });
}

function page(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'",
    "referrer-policy": "no-referrer",
    connection: "close",
  });
  response.end(`<!doctype html><title>callreel</title><p>${text}</p>`);
}
