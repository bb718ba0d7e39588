import { retryAfterMs } from "../../core/answer.ts";
import { RecordingError } from "../../core/errors.ts";
import type { HttpAnswer } from "../../http.ts";
import { parsedObject } from "./answers.ts";
import { tokenKind } from "./budget.ts";
import { type RequestGate, throughGate } from "./gate.ts";
import { loginRefusal } from "./oauth-errors.ts";
import { pause } from "./pause.ts";
import type { RingCentralContext, RingCentralSettings } from "./settings.ts";

/** One login session as the token endpoint gave it. */
export interface TokenSet {
  readonly accessToken: string;
  readonly obtainedMs: number;
  readonly expiresMs: number;
  readonly refreshToken?: string;
  readonly refreshExpiresMs?: number;
  /** The app's permissions, separated by blanks. */
  readonly scope: string;
  /** The extension id of the user. */
  readonly ownerId?: string;
}

/** What a token request needs around it. */
export interface LoginWorld {
  readonly settings: RingCentralSettings;
  readonly context: RingCentralContext;
  readonly gate: RequestGate;
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
  for (let attempt = 1; ; attempt++) {
    const askedMs = world.context.clock.now();
    const outcome = await postForm(world, "/restapi/oauth/token", grant, signal);
    if (!(outcome instanceof RecordingError) && outcome.status === 200) return tokenSet(outcome, askedMs);
    const error = outcome instanceof RecordingError ? outcome : refusal(outcome, world.context.clock.now());
    if (error.verdict !== "retry" || error.code === "unreachable" || attempt === tries) throw error;
    if (error.code !== "rate-limited") await pause(world.context, error.retryAfterMs ?? betweenTriesMs, signal);
  }
}

/** Ends the session of a token. What the server says to that changes nothing. */
export async function revokeToken(world: LoginWorld, token: string, signal: AbortSignal): Promise<void> {
  await postForm(world, "/restapi/oauth/revoke", { token }, signal);
}

/** One request to an OAuth endpoint; an answer of any status, or why there was none. */
async function postForm(
  { settings, context, gate }: LoginWorld,
  path: string,
  form: Grant,
  signal: AbortSignal,
): Promise<HttpAnswer | RecordingError> {
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
  try {
    return await throughGate(gate, tokenKind, () => context.http.request(request, signal), signal);
  } catch (error) {
    if (!(error instanceof RecordingError) || signal.aborted) throw error;
    return error;
  }
}

function refusal(answer: HttpAnswer, now: number): RecordingError {
  const { status } = answer;
  const waitMs = retryAfterMs(answer, now);
  const retry = waitMs === undefined ? {} : { retryAfterMs: waitMs };
  if (status === 429) {
    return new RecordingError("rate-limited", "RingCentral refuses more logins for now (429).", retry);
  }
  if (status === 408 || status >= 500) {
    return new RecordingError("server-error", `RingCentral's login is out of order (HTTP ${status}).`, retry);
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
