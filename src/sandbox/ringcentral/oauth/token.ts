import { setTimeout as sleep } from "node:timers/promises";
import type { Sandbox } from "../context.ts";
import { type Answer, ok } from "../server/answer.ts";
import type { SandboxRequest } from "../server/request.ts";
import { checkClient, presentedClient } from "./client.ts";
import { takeCode } from "./codes.ts";
import { userOfAssertion } from "./jwt.ts";
import { OAuthError } from "./oauth-error.ts";
import type { Lifetimes, Login } from "./sessions.ts";

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** `POST /restapi/oauth/token`. */
export async function grantToken(sandbox: Sandbox, request: SandboxRequest): Promise<Answer> {
  const { settings } = sandbox;
  if (settings.tokens.delayMs > 0) await sleep(settings.tokens.delayMs);
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers["content-type"] ?? "")) {
    throw new OAuthError(400, "invalid_request", "OAU-250", "Unsupported grant type");
  }
  const form = new URLSearchParams(request.body);
  const grant = form.get("grant_type") ?? "";
  sandbox.events.record({ kind: "token-grant", grant });
  if (!["authorization_code", jwtBearer, "refresh_token"].includes(grant)) {
    throw new OAuthError(400, "invalid_request", "OAU-250", "Unsupported grant type");
  }
  checkClient(sandbox, request, grant === jwtBearer);
  if (!settings.app.grants.includes(grant)) {
    throw new OAuthError(400, "unauthorized_client", "OAU-251", "Unauthorized for this grant type");
  }
  return ok(tokenAnswer(sandbox, loginBy(sandbox, grant, form, presentedClient(request) ?? "")));
}

function loginBy(sandbox: Sandbox, grant: string, form: URLSearchParams, clientId: string): Login {
  const { sessions, settings } = sandbox;
  const lifetimes = lifetimesOf(sandbox, form);
  if (grant === jwtBearer) {
    const user = userOfAssertion(sandbox, form.get("assertion") ?? "");
    return sessions.open(user, clientId, settings.app.issueRefreshTokens, lifetimes);
  }
  if (grant === "authorization_code") {
    const { user } = takeCode(sandbox, form, clientId);
    return sessions.open(user, clientId, settings.app.issueRefreshTokens, lifetimes);
  }
  const login = sessions.refresh(form.get("refresh_token") ?? "", clientId, lifetimes);
  if (login === "expired") throw new OAuthError(400, "invalid_grant", "OAU-210", "Token expired");
  if (login === "gone") throw new OAuthError(400, "invalid_grant", "OAU-213", "Token not found");
  return login;
}

/** The lifetimes asked for, kept within 600 to 3600 seconds and below the app's own limit. */
function lifetimesOf({ settings }: Sandbox, form: URLSearchParams): Lifetimes {
  const { accessSeconds, refreshSeconds } = settings.tokens;
  const access = Number(form.get("access_token_ttl") ?? Number.NaN);
  const refresh = Number(form.get("refresh_token_ttl") ?? Number.NaN);
  return {
    accessSeconds: Number.isNaN(access) ? accessSeconds : Math.min(3_600, Math.max(600, access)),
    refreshSeconds: Number.isNaN(refresh) ? refreshSeconds : Math.min(refreshSeconds, Math.max(1, refresh)),
  };
}

function tokenAnswer({ clock, settings }: Sandbox, login: Login): object {
  const secondsTo = (ms: number) =>
    Math.max(0, Math.round((ms - clock.now()) / 1_000) - (settings.tokens.nominalMinusOne ? 1 : 0));
  return {
    access_token: login.accessToken,
    token_type: "bearer",
    expires_in: secondsTo(login.accessUntil),
    scope: settings.app.scopes.join(" "),
    owner_id: login.user.extensionId,
    endpoint_id: `ep-${login.sessionId}`,
    session_id: login.sessionId,
    ...(login.refreshToken === undefined
      ? {}
      : { refresh_token: login.refreshToken, refresh_token_expires_in: secondsTo(login.refreshUntil) }),
  };
}
