import type { Sandbox } from "../context.ts";
import type { Answer } from "../server/answer.ts";
import type { SandboxRequest } from "../server/request.ts";
import { issueCode } from "./codes.ts";

/** `GET /restapi/oauth/authorize`: logs the first user in without asking, or refuses, and sends the browser back. */
export function authorize(sandbox: Sandbox, request: SandboxRequest): Answer {
  const { settings, app } = sandbox;
  const query = request.method === "POST" ? new URLSearchParams(request.body) : request.query;
  const { redirectUris } = settings.app;
  const redirectUri = query.get("redirect_uri") ?? (redirectUris.length === 1 ? redirectUris[0]! : "");
  if (query.get("client_id") !== app.clientId) return page("Unknown application", "The client_id is not known.");
  if (!redirectUris.includes(redirectUri)) return page("Redirect URI mismatch", "The redirect_uri is not registered.");
  const back = (answer: Record<string, string>) => redirect(redirectUri, answer, query.get("state"));
  if (query.get("response_type") !== "code") {
    return back({ error: "unsupported_response_type", error_description: "Only response_type=code is supported" });
  }
  if (!settings.app.grants.includes("authorization_code")) {
    return back({ error: "unauthorized_client", error_description: "Unauthorized for this grant type" });
  }
  if (settings.tokens.authorize === "deny") {
    return back({ error: "access_denied", error_description: "Access denied by the user" });
  }
  return back({ code: issueCode(sandbox, query, redirectUri), expires_in: String(settings.tokens.codeSeconds) });
}

function redirect(to: string, answer: Record<string, string>, state: string | null): Answer {
  const url = new URL(to);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  if (state !== null) url.searchParams.set("state", state);
  return { status: 302, headers: { Location: url.toString() }, body: Buffer.alloc(0) };
}

function page(title: string, text: string): Answer {
  const html = `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1><p>${text}</p></html>`;
  return { status: 400, headers: { "Content-Type": "text/html;charset=UTF-8" }, body: Buffer.from(html) };
}
