import type { Sandbox } from "../context.ts";
import type { SandboxRequest } from "../server/request.ts";
import { OAuthError } from "./oauth-error.ts";

/** The client id that a token or revoke request presents, if any. */
export function presentedClient(request: SandboxRequest): string | undefined {
  return basicOf(request)?.id ?? new URLSearchParams(request.body).get("client_id") ?? undefined;
}

/** Refuses a request whose client id or secret is wrong. Public clients send an id and no secret. */
export function checkClient({ app, settings }: Sandbox, request: SandboxRequest, needsSecret: boolean): void {
  const basic = basicOf(request);
  const right = presentedClient(request) === app.clientId && (basic ? basic.secret === app.clientSecret : !needsSecret);
  if (right) return;
  if (settings.app.badClient === "OAU-146") {
    throw new OAuthError(401, "invalid_client", "OAU-146", "Invalid client credentials");
  }
  throw new OAuthError(400, "invalid_client", "OAU-153", `Invalid client: ${presentedClient(request) ?? ""}`);
}

function basicOf(request: SandboxRequest): { id: string; secret: string } | undefined {
  const match = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(request.headers.authorization ?? "");
  if (!match) return undefined;
  const [id = "", ...secret] = Buffer.from(match[1]!, "base64").toString("utf8").split(":");
  return { id: unescapeForm(id), secret: unescapeForm(secret.join(":")) };
}

/** RFC 6749 has clients form-encode both halves; most do not, and for most ids it makes no difference. */
function unescapeForm(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
