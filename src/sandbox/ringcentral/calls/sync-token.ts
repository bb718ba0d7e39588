import { ApiError } from "../errors.ts";

/** What a sync token holds: the moment it stands for, and the view and filters that are frozen in it. */
export interface SyncToken {
  readonly kind: "sync" | "extract" | "messages";
  readonly issuedMs: number;
  /** Changes up to here are known … */
  readonly changedMs: number;
  readonly path: string;
  readonly query: string;
}

/** The token as opaque text. */
export function writeSyncToken(token: SyncToken): string {
  return Buffer.from(JSON.stringify(token), "utf8").toString("base64url");
}

/** Reads a token of this kind and path; refuses one that is broken (CLG-101), foreign (CLG-102) or expired (CLG-104). */
export function readSyncToken(text: string, kind: SyncToken["kind"], path: string, oldestMs: number): SyncToken {
  const token = parse(text);
  if (!token) throw invalid("CLG-101", "Parameter [syncToken] is invalid");
  if (token.kind !== kind || token.path !== path)
    throw invalid("CLG-102", "Parameter [syncToken] is invalid [wrong type]");
  if (token.issuedMs <= oldestMs) throw invalid("CLG-104", "Parameter [syncToken] is invalid [token is expired]");
  return token;
}

function invalid(code: string, message: string): ApiError {
  return new ApiError(400, code, message, { category: "InvalidParameter", fields: { parameterName: "syncToken" } });
}

function parse(text: string): SyncToken | undefined {
  try {
    const token: SyncToken = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    return typeof token.changedMs === "number" ? token : undefined;
  } catch {
    return undefined;
  }
}
