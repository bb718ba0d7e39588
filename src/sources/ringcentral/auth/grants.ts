import { RecordingError } from "../../../core/model/errors.ts";
import { isPassing, waitOf } from "../../../core/model/response-headers.ts";
import { retried } from "../../../core/retry.ts";
import type { HttpAnswer } from "../../../http/client.ts";
import { pause } from "../api.ts";
import { errorCodes, parsedObject } from "../error-bodies.ts";
import { tokenKind } from "../rate-limiter/budget.ts";
import type { RingCentralRateLimiter } from "../rate-limiter/limiter.ts";
import { withPermit } from "../rate-limiter/with-permit.ts";
import type { RingCentralContext, RingCentralSettings } from "../settings.ts";

/** One login session as the token endpoint gave it. */
export interface TokenSet {
  readonly accessToken: string;
  readonly obtainedMs: number;
  readonly expiresMs: number;
  readonly refreshToken?: string;
  readonly refreshExpiresMs?: number;
  /** The refresh token was about to be used: unless a new session took this one's place, nobody knows whether it was. */
  readonly refreshing?: boolean;
  /** The app's permissions, separated by blanks. */
  readonly scope: string;
  /** The extension id of the user. */
  readonly ownerId?: string;
}

/** What a token request needs around it. */
export interface LoginWorld {
  readonly settings: RingCentralSettings;
  readonly context: RingCentralContext;
  readonly rateLimiter: RingCentralRateLimiter;
}

export type Grant = Readonly<Record<string, string>>;

/** The JWT credential, sent as it is. */
export function jwtGrant(jwt: string): Grant {
  return { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: jwt };
}

/** A refresh token: good once; the access token of the same session dies with it. */
export function refreshGrant(refreshToken: string): Grant {
  return { grant_type: "refresh_token", refresh_token: refreshToken };
}

/** The code of a browser login with its PKCE verifier. */
export function codeGrant(code: string, redirectUri: string, verifier: string): Grant {
  return { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier };
}

const tries = 3;
const betweenTriesMs = 10_000;

/**
 * Asks the token endpoint. A refusal is final; 429 waits its penalty out; what is temporary is tried three times,
 * ten seconds apart. A host that is not there at all is left to the caller's patience.
 */
export async function requestToken(world: LoginWorld, grant: Grant, signal: AbortSignal): Promise<TokenSet> {
  async function ask(): Promise<TokenSet> {
    const askedMs = world.context.clock.now();
    const answer = await postForm(world, "/restapi/oauth/token", grant, signal);
    if (answer.status === 200) return tokenSet(answer, askedMs);
    throw refusal(answer, world.context.clock.now());
  }
  function pauseAfter(thrown: unknown, failures: number): number {
    const helps = thrown instanceof RecordingError && thrown.verdict === "retry" && thrown.code !== "unreachable";
    if (!helps || failures === tries || signal.aborted) throw thrown;
    return thrown.code === "rate-limited" ? 0 : (thrown.retryAfterMs ?? betweenTriesMs);
  }
  return retried(ask, pauseAfter, (ms) => pause(world.context, ms, signal));
}

/** Ends the session of a token. What the server says to that changes nothing. */
export async function revokeToken(world: LoginWorld, token: string, signal: AbortSignal): Promise<void> {
  await postForm(world, "/restapi/oauth/revoke", { token }, signal).catch((error: unknown) => {
    if (!(error instanceof RecordingError) || signal.aborted) throw error;
  });
}

/** One request to an OAuth endpoint, and its answer, whatever its status. */
async function postForm(
  { settings, context, rateLimiter }: LoginWorld,
  path: string,
  form: Grant,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { clientId, clientSecret } = settings;
  const body = new URLSearchParams(form);
  const headers: Record<string, string> = {
    "content-type": "application/x-www-form-urlencoded",
    accept: "application/json",
  };
  if (clientSecret === undefined) body.set("client_id", clientId);
  else headers.authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;

  const url = settings.server + path;
  const request = { method: "POST", url, headers, body: body.toString(), maxBytes: 1024 * 1024 } as const;
  return withPermit(rateLimiter, tokenKind, () => context.http.request(request, signal), signal);
}

function refusal(answer: HttpAnswer, now: number): RecordingError {
  const { status } = answer;
  const retry = waitOf(answer, now);
  if (status === 429) {
    return new RecordingError("rate-limited", "RingCentral is limiting logins (429).", retry);
  }
  if (isPassing(status)) {
    return new RecordingError("server-error", `RingCentral's login server reports an error (HTTP ${status}).`, retry);
  }
  if (status < 300) return badToken();
  return loginRefusal(answer);
}

function tokenSet(answer: HttpAnswer, askedMs: number): TokenSet {
  const fields = parsedObject(answer.body.toString("utf8")) ?? {};
  const { access_token: accessToken, scope, owner_id: ownerId, refresh_token: refreshToken } = fields;
  if (!isToken(accessToken)) throw badToken();
  const lifetime = seconds(fields.expires_in) ?? 3600;
  const refreshLifetime = seconds(fields.refresh_token_expires_in) ?? 604_800;
  return {
    accessToken,
    obtainedMs: askedMs,
    expiresMs: askedMs + lifetime * 1000,
    ...(isToken(refreshToken) ? { refreshToken, refreshExpiresMs: askedMs + refreshLifetime * 1000 } : {}),
    scope: typeof scope === "string" ? scope.slice(0, 4000) : "",
    ...(typeof ownerId === "string" || typeof ownerId === "number" ? { ownerId: String(ownerId).slice(0, 64) } : {}),
  };
}

/** What may stand in a header. */
function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]{1,16384}$/.test(value);
}

function seconds(value: unknown): number | undefined {
  const number = Number(value);
  return value !== null && Number.isFinite(number) && number > 0 ? Math.min(number, 3e7) : undefined;
}

function badToken(): RecordingError {
  return new RecordingError("bad-answer", "The login answer holds no access token. Check --server.", {
    verdict: "stop",
  });
}

const appSettings = "In RingCentral's developer console, open the app's settings";
const again = "Log in again: callreel auth login ringcentral, or give a new JWT with --jwt-file.";

/** What each code of the token endpoint means and what helps; the first code found in an answer speaks. */
const meanings: Readonly<Record<string, string>> = {
  "OAU-251": `The app may not log in this way. ${appSettings} and allow "JWT auth flow" (for --jwt-file) or "authorization code with PKCE" (for callreel auth login ringcentral).`,
  "OAU-125": `The app may not log in this way. ${appSettings} and allow "JWT auth flow" or "authorization code with PKCE".`,
  "OAU-250": `RingCentral does not offer this kind of login. ${goneGrant()}`,
  "OAU-270": "Logins of a whole partner are not offered to this app. Use a JWT of one user with --jwt-file.",
  "OAU-153":
    "RingCentral does not know an app with this client id and client secret: either may be wrong. Check --client-id (RC_APP_CLIENT_ID) and --client-secret-file (RC_APP_CLIENT_SECRET), and that --server is where the app lives.",
  "OAU-146":
    "The client secret does not match the client id. Check --client-secret-file (RC_APP_CLIENT_SECRET; public apps have none) and --client-id.",
  "OAU-120": "The login belongs to another app. Use the client id that the JWT or login was made for: --client-id.",
  "OAU-121": "The login belongs to another app. Use the client id that the JWT or login was made for: --client-id.",
  "OAU-106": "The browser login's code is not valid. Run callreel auth login ringcentral again.",
  "OAU-108": "The browser login's code came too late. Run callreel auth login ringcentral again.",
  "OAU-109": `The address the browser returns to is not registered. ${appSettings} and add the redirect URI that the login prints.`,
  "OAU-110": "The browser login's code belongs to another app. Check --client-id.",
  "OAU-136": "The user of this login no longer exists. Use the JWT of another user.",
  "OAU-141": "The account's status does not allow logins. Ask the administrator of the RingCentral account.",
  "OAU-142": "The user's status does not allow logins. Ask the administrator of the RingCentral account.",
  "OAU-147": "The account is locked. Ask the administrator of the RingCentral account.",
  "OAU-148": "The user is locked. Ask the administrator of the RingCentral account.",
  "OAU-165": "This app belongs to RingCentral's retired sandbox. Use a production app and server.",
  "OAU-210": `The login has expired. ${again}`,
  "OAU-213": `The login is no longer valid: used up, revoked, or pushed out by other logins. ${again}`,
  "OAU-347": "The JWT was not made by RingCentral. Make one under Credentials in the developer console.",
  invalid_grant: `The JWT or login was refused: expired, revoked, or made for another app or server. ${again}`,
  invalid_client: "The app was not recognised. Check --client-id, --client-secret-file and --server.",
  unauthorized_client: `The app may not log in this way. ${appSettings} and allow the JWT or the authorization code flow.`,
};

/** A refusal of the token endpoint as a sentence with a remedy; never the server's own words. */
export function loginRefusal(answer: HttpAnswer): RecordingError {
  const codes = errorCodes(answer.body.toString("utf8"));
  const code = Object.keys(meanings).find((known) => codes.has(known));
  const named = [...codes].find((found) => found.startsWith("OAU-") || found.startsWith("CMN-")) ?? code;
  const label = named === undefined ? `HTTP ${answer.status}` : named;
  const meaning = code === undefined ? "Check the app, the login and --server with callreel doctor." : meanings[code];
  return new RecordingError("login-refused", `RingCentral refused the login (${label}). ${meaning}`);
}

/** There is nothing to log in with. */
export function noLogin(): RecordingError {
  return new RecordingError(
    "login-refused",
    "There is no RingCentral login. Run callreel setup or callreel auth login ringcentral, or give a JWT with --jwt-file (RC_USER_JWT).",
  );
}

/** What replaces the grants that RingCentral has taken away: user name with password, and implicit. */
export function goneGrant(): string {
  return "RingCentral no longer offers password and implicit logins: use a JWT (--jwt-file), or log in with the browser (callreel auth login ringcentral).";
}
