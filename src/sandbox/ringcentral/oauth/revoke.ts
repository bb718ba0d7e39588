import type { Sandbox } from "../context.ts";
import type { Answer } from "../server/answer.ts";
import type { SandboxRequest } from "../server/request.ts";
import { checkClient, presentedClient } from "./client.ts";
import { OAuthError } from "./oauth-error.ts";

/** `POST /restapi/oauth/revoke`: ends the whole session of an access or refresh token. An unknown token is no error. */
export function revoke(sandbox: Sandbox, request: SandboxRequest): Answer {
  const token = new URLSearchParams(request.body).get("token") ?? request.query.get("token") ?? "";
  if (token === "") throw new OAuthError(400, "invalid_request", "CMN-101", "Parameter [token] value is invalid");
  const login = sandbox.sessions.byAnyToken(token);
  if (login && login.clientId !== presentedClient(request)) {
    throw new OAuthError(400, "invalid_client", "OAU-164", "Token belongs to another application");
  }
  checkClient(sandbox, request, false);
  if (login) sandbox.sessions.close(login);
  sandbox.events.record({ kind: "revoke", found: login !== undefined });
  return { status: 200, body: Buffer.alloc(0) };
}
