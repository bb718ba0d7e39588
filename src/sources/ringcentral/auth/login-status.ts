import { RecordingError } from "../../../core/model/errors.ts";
import type { Api, Json } from "../api.ts";
import { parsedObject } from "../error-bodies.ts";
import type { RingCentralSettings } from "../settings.ts";
import type { Tokens } from "./tokens.ts";

/** Who is logged in, and what the login may do. */
export interface LoginStatus {
  readonly login: "jwt" | "browser" | "access token";
  /** Extension id of the user. */
  readonly user?: string;
  readonly name?: string;
  readonly extension?: string;
  readonly scopes: readonly string[];
  /** Whether the user may read the company's call log; undefined when RingCentral does not say. */
  readonly companyCallLog?: boolean;
  readonly expiresMs?: number;
  readonly refreshExpiresMs?: number;
  readonly jwtExpiresMs?: number;
  /** What needs attention soon. */
  readonly warnings: readonly string[];
}

export interface StatusWorld {
  readonly settings: RingCentralSettings;
  readonly api: Api;
  readonly tokens: Tokens;
  readonly now: number;
}

const neededScopes = ["ReadCallLog", "ReadCallRecording"] as const;
const soonMs = 30 * 86_400_000;

/** Logs in if need be and asks who that is. Throws `login-refused` when the login does not work. */
export async function loginStatus(world: StatusWorld, signal: AbortSignal): Promise<LoginStatus> {
  const { settings, now } = world;
  const tokens = await world.tokens.current(signal);
  const person = await ifAllowed(whoAmI(world, signal));
  const companyCallLog = await ifAllowed(mayReadCompanyLog(world, signal));
  const scopes = tokens.scope.split(/\s+/).filter((name) => name !== "");
  const jwtExpiresMs = settings.jwt === undefined ? undefined : jwtClaims(settings.jwt).expiresMs;
  const lasting = settings.accessToken === undefined;
  return {
    login: lasting ? (settings.jwt === undefined ? "browser" : "jwt") : "access token",
    ...(tokens.ownerId === undefined ? {} : { user: tokens.ownerId }),
    ...person,
    scopes,
    ...(companyCallLog === undefined ? {} : { companyCallLog }),
    ...(lasting ? { expiresMs: tokens.expiresMs } : {}),
    ...(tokens.refreshExpiresMs === undefined ? {} : { refreshExpiresMs: tokens.refreshExpiresMs }),
    ...(jwtExpiresMs === undefined ? {} : { jwtExpiresMs }),
    warnings: [...scopeWarnings(scopes), ...jwtWarnings(jwtExpiresMs, now)],
  };
}

/** The app permissions that are missing from a token's scopes; ReadCallRecording includes ReadCallLog. */
export function missingScopes(scopes: readonly string[]): string[] {
  if (scopes.length === 0 || scopes.includes("ReadCallRecording")) return [];
  return neededScopes.filter((name) => !scopes.includes(name));
}

/** A warning when the JWT credential itself ends soon. */
export function jwtWarnings(expiresMs: number | undefined, now: number): string[] {
  if (expiresMs === undefined || expiresMs - now > soonMs) return [];
  const day = new Date(expiresMs).toISOString().slice(0, 10);
  const says = expiresMs <= now ? `ended on ${day}` : `ends on ${day}`;
  return [`The JWT ${says}: make a new one under Credentials in RingCentral's developer console.`];
}

/** Whether the user's role may read the company's call log; undefined where RingCentral does not say. */
export function mayReadCompanyLog(world: Pick<StatusWorld, "api" | "settings">, signal: AbortSignal) {
  return hasPermission(world, "ReadCompanyCallLog", signal);
}

/** Whether the user's role has a permission; undefined where RingCentral does not say. */
export async function hasPermission(world: Pick<StatusWorld, "api" | "settings">, name: string, signal: AbortSignal) {
  const url = `${extensionUrl(world.settings)}/authz-profile/check?permissionId=${name}`;
  const read = ({ successful }: Json) => (typeof successful === "boolean" ? successful : undefined);
  return world.api.get("authz", url, read, signal);
}

async function whoAmI({ api, settings }: StatusWorld, signal: AbortSignal) {
  return api.get(
    "extension",
    extensionUrl(settings),
    ({ name, extensionNumber }) => ({
      ...(typeof name === "string" ? { name: name.slice(0, 200) } : {}),
      ...(typeof extensionNumber === "string" ? { extension: extensionNumber.slice(0, 20) } : {}),
    }),
    signal,
  );
}

/** What the app may not ask (ReadAccounts is not needed otherwise) is undefined. */
export async function ifAllowed<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    const code = error instanceof RecordingError ? error.code : undefined;
    if (code === "permission-refused" || code === "forbidden" || code === "http-error") return undefined;
    throw error;
  }
}

function scopeWarnings(scopes: readonly string[]): string[] {
  const missing = missingScopes(scopes);
  if (missing.length === 0) return [];
  return [`The app lacks ${missing.join(" and ")}: add it in RingCentral's developer console.`];
}

function extensionUrl(settings: RingCentralSettings): string {
  return `${settings.server}/restapi/v1.0/account/${encodeURIComponent(settings.account ?? "~")}/extension/~`;
}

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
