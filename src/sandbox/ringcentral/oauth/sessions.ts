import { randomBytes } from "node:crypto";
import type { SandboxClock } from "../../clock.ts";
import type { EventLog } from "../../events.ts";
import type { RingCentralSettings } from "../settings.ts";
import type { SandboxUser } from "./users.ts";

/** A login: one session of a user with an app, and its current tokens. */
export interface Login {
  readonly sessionId: string;
  readonly user: SandboxUser;
  readonly clientId: string;
  accessToken: string;
  accessUntil: number;
  refreshToken: string | undefined;
  refreshUntil: number;
  /** The refresh token before the current one, and what decides how long it still works. */
  previous: { readonly token: string; readonly rotatedMs: number; usedMs: number | undefined } | undefined;
}

/** How long tokens live, in seconds. */
export interface Lifetimes {
  readonly accessSeconds: number;
  readonly refreshSeconds: number;
}

/** The sessions there are. */
export interface Sessions {
  open(user: SandboxUser, clientId: string, withRefresh: boolean, lifetimes: Lifetimes): Login;
  /** The login of a living access token, or how it died. */
  byAccess(token: string): Login | "expired" | "gone" | "unknown";
  /** The login after a refresh with this token: a new pair, or within the grace the same pair again. */
  refresh(token: string, clientId: string, lifetimes: Lifetimes): Login | "expired" | "gone";
  /** The login that this access or refresh token belongs to. */
  byAnyToken(token: string): Login | undefined;
  close(login: Login): void;
  /** Kills every session, as a changed password does. */
  closeAll(): void;
  /** Whether this text contains a token of a living session. */
  mentioned(text: string): boolean;
}

/** Opens an empty register of sessions. */
export function openSessions(clock: SandboxClock, events: EventLog, settings: RingCentralSettings["tokens"]): Sessions {
  let logins: Login[] = [];
  /** Access tokens that were good once. */
  const dead = new Set<string>();
  const close = (login: Login) => {
    logins = logins.filter((each) => each !== login);
    dead.add(login.accessToken);
  };
  return {
    open(user, clientId, withRefresh, lifetimes) {
      const login = newLogin(user, clientId, withRefresh, lifetimes, clock.now());
      for (const each of logins) if (Math.max(each.accessUntil, each.refreshUntil) <= clock.now()) close(each);
      const own = logins.filter((each) => each.user === user && each.clientId === clientId);
      const evicted = own.length < settings.sessionsPerUser ? undefined : own.at(settings.evict === "oldest" ? 0 : -1);
      if (evicted) {
        close(evicted);
        events.record({ kind: "session-evicted", user: user.extensionId });
      }
      logins.push(login);
      return login;
    },
    byAccess(token) {
      const login = logins.find((each) => each.accessToken === token);
      if (!login) return dead.has(token) ? "gone" : "unknown";
      if (login.accessUntil <= clock.now()) return "expired";
      if (login.previous) login.previous.usedMs ??= clock.now();
      return login;
    },
    refresh(token, clientId, lifetimes) {
      const login = logins.find((each) => each.refreshToken === token || each.previous?.token === token);
      if (!login || login.clientId !== clientId) return "gone";
      const now = clock.now();
      if (login.refreshToken !== token) return inGrace(login, now) ? login : "gone";
      if (login.refreshUntil <= now) return "expired";
      dead.add(login.accessToken);
      rotate(login, token, lifetimes, now);
      return login;
    },
    byAnyToken: (token) => logins.find((each) => [each.accessToken, each.refreshToken].includes(token)),
    close,
    closeAll: () => logins.forEach(close),
    mentioned: (text) =>
      logins.some((each) => text.includes(each.accessToken) || (each.refreshToken && text.includes(each.refreshToken))),
  };
}

/** The old refresh token repeats the new pair for an hour, or for ten seconds once the new access token was used. */
function inGrace({ previous }: Login, now: number): boolean {
  if (!previous) return false;
  return previous.usedMs === undefined ? now - previous.rotatedMs < 3_600_000 : now - previous.usedMs < 10_000;
}

function rotate(login: Login, old: string, lifetimes: Lifetimes, now: number): void {
  login.previous = { token: old, rotatedMs: now, usedMs: undefined };
  login.accessToken = opaque();
  login.accessUntil = now + lifetimes.accessSeconds * 1_000;
  login.refreshToken = opaque();
  login.refreshUntil = now + lifetimes.refreshSeconds * 1_000;
}

function newLogin(
  user: SandboxUser,
  clientId: string,
  withRefresh: boolean,
  { accessSeconds, refreshSeconds }: Lifetimes,
  now: number,
): Login {
  return {
    sessionId: String(100_000_000 + Math.floor(Math.random() * 900_000_000)),
    user,
    clientId,
    accessToken: opaque(),
    accessUntil: now + accessSeconds * 1_000,
    refreshToken: withRefresh ? opaque() : undefined,
    refreshUntil: withRefresh ? now + refreshSeconds * 1_000 : 0,
    previous: undefined,
  };
}

function opaque(): string {
  return `U0pDMTFQMDFQQVMw${randomBytes(60).toString("base64url")}`;
}
