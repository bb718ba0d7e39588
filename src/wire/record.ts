import { hostname, userInfo } from "node:os";
import type { Invocation } from "../command.ts";

/** A check's line in the audit log, as JSON: who ran it where, over what, and what came of it. */
export function recordOf(invocation: Invocation, result: object): string {
  return JSON.stringify({ by: `${userName()}@${hostname()}`, selection: selectionRecord(invocation), result });
}

/** The selection as it was asked for: every setting that came from somewhere, no secret among them. */
export function selectionRecord({ args, settings, origins }: Invocation): Record<string, unknown> {
  const secret = new Set(["clientSecret", "jwt", "accessToken", "timPassword", "database", "ping"]);
  const given = Object.entries(settings).filter(([key]) => key in origins && !secret.has(key));
  return { ...Object.fromEntries(given), ...(args.length === 0 ? {} : { ids: args }) };
}

/** A user that the system has no name for is told by number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
