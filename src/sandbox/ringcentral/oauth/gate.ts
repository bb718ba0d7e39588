import type { Sandbox } from "../context.ts";
import { unauthorized } from "../errors.ts";
import type { SandboxRequest } from "../server/request.ts";
import type { Login } from "./sessions.ts";

/** The login of an API or media request, or a 401. Only the media host takes `access_token` from the query. */
export function authenticate(sandbox: Sandbox, request: SandboxRequest, host: "api" | "media"): Login {
  const { sessions, settings } = sandbox;
  const token = presentedToken(request, host);
  const login = sessions.byAccess(token);
  if (login === "unknown") throw unauthorized("OAU-149", "OAuth token is invalid");
  if (login === "gone") throw unauthorized("OAU-213", "Token not found");
  if (login !== "expired") return login;
  throw settings.tokens.expiredCode === "OAU-128"
    ? unauthorized("OAU-128", "Access token expired.")
    : unauthorized("OAU-213", "Token not found");
}

function presentedToken(request: SandboxRequest, host: "api" | "media"): string {
  const header = request.headers.authorization;
  const inQuery = host === "media" ? request.query.get("access_token") : null;
  if (header === undefined && inQuery !== null) return inQuery;
  if (header === undefined) throw unauthorized("AGW-401", "Authorization header is not specified", "AGW-401");
  if (/^Basic\b/i.test(header)) throw unauthorized("OAU-151", "Authorization method not supported");
  const match = /^Bearer +(\S+)$/i.exec(header);
  if (!match) throw unauthorized("AGW-402", "Invalid Authorization header", "AGW-402");
  return match[1]!;
}
