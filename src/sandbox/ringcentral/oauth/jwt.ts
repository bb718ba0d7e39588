import type { Sandbox } from "../context.ts";
import { OAuthError } from "./oauth-error.ts";
import type { SandboxUser } from "./users.ts";

/** The user whose JWT credential this is. Refuses HS256 (OAU-347), an unknown, a foreign and an expired credential. */
export function userOfAssertion({ users, clock }: Sandbox, assertion: string): SandboxUser {
  const [header, claims] = assertion.split(".").map(decoded);
  if (header?.alg === "HS256") {
    throw new OAuthError(400, "invalid_grant", "OAU-347", "Unsupported assertion signing algorithm");
  }
  const user = users.find((each) => each.jwt === assertion);
  if (!user) throw new OAuthError(400, "invalid_grant", "OAU-213", "Token not found");
  const expiry = Number(claims?.exp);
  if (expiry * 1_000 <= clock.now()) throw new OAuthError(400, "invalid_grant", "OAU-210", "Token expired");
  return user;
}

function decoded(part: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
