import { takeFault } from "../../faults.ts";
import type { Sandbox } from "../context.ts";
import { ApiError, errorAnswer, scopeMissing } from "../errors.ts";
import { authorize } from "../oauth/authorize.ts";
import { presentedClient } from "../oauth/client.ts";
import { authenticate } from "../oauth/gate.ts";
import { OAuthError, oauthErrorBody } from "../oauth/oauth-error.ts";
import { revoke } from "../oauth/revoke.ts";
import { grantToken } from "../oauth/token.ts";
import { type Answer, ok } from "./answer.ts";
import { faultAnswer } from "./fault-answer.ts";
import { limit } from "./limit.ts";
import type { SandboxRequest } from "./request.ts";
import type { Routed } from "./router.ts";

/** Answers the OAuth endpoints, which are counted per application in the auth group; undefined for any other path. */
export async function answerOAuth(sandbox: Sandbox, request: SandboxRequest): Promise<Routed | undefined> {
  const { method, path } = request;
  if (path === "/.well-known/openid-configuration")
    return { answer: discovery(sandbox), headers: {}, route: "discovery" };
  if (path === "/restapi/oauth/authorize")
    return within(sandbox, request, "authorize", () => authorize(sandbox, request));
  if (method !== "POST") return undefined;
  if (path === "/restapi/oauth/token") return within(sandbox, request, "token", () => grantToken(sandbox, request));
  if (path === "/restapi/oauth/wstoken")
    return within(sandbox, request, "wstoken", () => socketToken(sandbox, request));
  if (path === "/restapi/oauth/revoke") return within(sandbox, request, "revoke", () => revoke(sandbox, request));
  return undefined;
}

async function within(
  sandbox: Sandbox,
  request: SandboxRequest,
  name: string,
  handle: () => Answer | Promise<Answer>,
): Promise<Routed> {
  const client = presentedClient(request) ?? request.query.get("client_id") ?? sandbox.app.clientId;
  const { headers, refused } = limit(sandbox, client, "auth");
  if (refused) return { answer: errorAnswer(refused, sandbox.settings), headers, route: name };
  const fault = takeFault(sandbox.settings.faults, name);
  if (fault) sandbox.events.record({ kind: "fault", route: name, fault: fault.kind });
  // A fault that leaves the answer right still has it made, as a server does whose answer is lost on the way.
  const replaced = fault && ["status", "hang", "json", "html", "redirect"].includes(fault.kind);
  const right = replaced ? { status: 0 } : await answered(handle);
  return { answer: fault ? faultAnswer(sandbox, fault, () => right, undefined) : right, headers, route: name };
}

/** What opens a WebSocket to the gateway for events. */
function socketToken(sandbox: Sandbox, request: SandboxRequest): Answer {
  try {
    authenticate(sandbox, request, "api");
    const scope = "WebSocketsSubscription";
    if (!sandbox.settings.app.scopes.includes(scope)) throw scopeMissing(scope);
    return ok(sandbox.gateway.token());
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return errorAnswer(error, sandbox.settings);
  }
}

async function answered(handle: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await handle();
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    const challenge = `Bearer realm="RingCentral REST API", error="${error.error}", error_description="${error.message}"`;
    return { status: error.status, headers: { "WWW-Authenticate": challenge }, json: oauthErrorBody(error) };
  }
}

function discovery({ urls, settings }: Sandbox): Answer {
  return ok({
    issuer: urls.api,
    authorization_endpoint: `${urls.api}/restapi/oauth/authorize`,
    token_endpoint: `${urls.api}/restapi/oauth/token`,
    revocation_endpoint: `${urls.api}/restapi/oauth/revoke`,
    response_types_supported: ["code"],
    grant_types_supported: settings.app.grants,
    code_challenge_methods_supported: ["plain", "S256"],
  });
}
