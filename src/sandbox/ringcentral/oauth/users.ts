import { randomBytes } from "node:crypto";
import { extensionIdOf, extensionNameOf } from "../account/extensions.ts";

/** Someone who can log in. */
export interface SandboxUser {
  readonly extension: number;
  readonly extensionId: string;
  readonly name: string;
  /** Role permissions, as authz-profile knows them. */
  permissions: string[];
  /** The JWT credential, as the developer console shows it. */
  readonly jwt: string;
}

/** The account's two users: an administrator who may read the company's calls, and an agent who may read only their own. */
export function openUsers(apiUrl: string, nowMs: number): SandboxUser[] {
  return [admin, agent].map((permissions, extension) => ({
    extension,
    extensionId: extensionIdOf(extension),
    name: extensionNameOf(extension),
    permissions: [...permissions],
    jwt: jwtFor(apiUrl, extensionIdOf(extension), nowMs),
  }));
}

const agent = ["ReadCallLog", "ReadCallRecording", "ReadMessages"];
const admin = [
  ...agent,
  ...["FullCompanyCallLog", "ReadCompanyCallLog", "ReadCompanyCallRecordings", "ReadCompanyInfo"],
  "ReadRingSenseInsights",
];

/** A credential with the claims that real ones have. Its signature is chance: the sandbox knows its credentials by heart. */
function jwtFor(apiUrl: string, subject: string, nowMs: number): string {
  const issued = Math.floor(nowMs / 1_000) - 86_400;
  const claims = {
    aud: `${apiUrl}/restapi/oauth/token`,
    sub: subject,
    iss: apiUrl,
    exp: issued + 10 * 365 * 86_400,
    iat: issued,
    jti: randomBytes(16).toString("base64url"),
  };
  const header = { kid: "8762f598d05944dbb86bf5ca978047bb", typ: "JWT", alg: "RS256" };
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${randomBytes(256).toString("base64url")}`;
}
