import { createHash, randomBytes } from "node:crypto";
import type { Sandbox } from "../context.ts";
import { OAuthError } from "./oauth-error.ts";
import type { SandboxUser } from "./users.ts";

interface Code {
  readonly user: SandboxUser;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string | null;
  readonly method: string;
  readonly untilMs: number;
}

const issued = new WeakMap<Sandbox, Map<string, Code>>();

/** Issues an authorization code for the first user, bound to the request's redirect and challenge. */
export function issueCode(sandbox: Sandbox, query: URLSearchParams, redirectUri: string): string {
  const codes = issued.get(sandbox) ?? new Map<string, Code>();
  issued.set(sandbox, codes);
  const code = randomBytes(40).toString("base64url");
  codes.set(code, {
    user: sandbox.users[0]!,
    clientId: query.get("client_id") ?? "",
    redirectUri,
    challenge: query.get("code_challenge"),
    method: query.get("code_challenge_method") ?? "plain",
    untilMs: sandbox.clock.now() + sandbox.settings.tokens.codeSeconds * 1_000,
  });
  return code;
}

/** Takes a code: once, in time, from the same client, with the same redirect URI and the right verifier. */
export function takeCode(
  sandbox: Sandbox,
  form: URLSearchParams,
  clientId: string,
): { user: SandboxUser; pkce: boolean } {
  const text = form.get("code") ?? "";
  const code = issued.get(sandbox)?.get(text);
  issued.get(sandbox)?.delete(text);
  if (!code) throw refused("OAU-106", "Authorization code is invalid");
  if (code.untilMs <= sandbox.clock.now()) throw refused("OAU-108", "Authorization code expired");
  if (code.redirectUri !== form.get("redirect_uri")) throw refused("OAU-109", "Redirect URIs do not match");
  if (code.clientId !== clientId) throw refused("OAU-110", "Authorization code was issued to another application");
  if (code.challenge !== null && code.challenge !== challengeOf(form.get("code_verifier") ?? "", code.method)) {
    throw new OAuthError(400, "invalid_grant", undefined, "Invalid code_verifier");
  }
  return { user: code.user, pkce: code.challenge !== null };
}

function refused(code: string, message: string): OAuthError {
  return new OAuthError(403, "invalid_grant", code, message);
}

function challengeOf(verifier: string, method: string): string {
  return method === "S256" ? createHash("sha256").update(verifier).digest("base64url") : verifier;
}
