import { parsedObject } from "./answers.ts";

/** What a JWT credential says of itself. Nothing is verified: that is the server's part. */
export interface JwtClaims {
  /** The user's extension id. */
  readonly subject?: string;
  readonly expiresMs?: number;
}

/** Reads the payload of a JWT; empty when it is not readable. */
export function jwtClaims(jwt: string): JwtClaims {
  const payload = jwt.split(".")[1];
  const claims = parsedObject(payload === undefined ? undefined : Buffer.from(payload, "base64url").toString("utf8"));
  const { sub, exp } = claims ?? {};
  return {
    ...(typeof sub === "string" || typeof sub === "number" ? { subject: String(sub) } : {}),
    ...(typeof exp === "number" && Number.isFinite(exp) ? { expiresMs: exp * 1000 } : {}),
  };
}
