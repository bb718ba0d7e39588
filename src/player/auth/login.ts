import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Clock } from "../../core/model/ports.ts";
import { playerIcon } from "../page/icons.ts";
import { keyPage, loginPage } from "../page/small-pages.ts";
import { playerStyle } from "../page/style.ts";
import { isForPerson, redirect, refuse, safeNext, send, type Visit } from "../respond.ts";
import { openLockout } from "./lockout.ts";
import { openOauth, type WebLogin } from "./oauth.ts";
import { openPasswords, type Users } from "./passwords.ts";
import { type Listener, type Sessions, sameSecret } from "./sessions.ts";
import type { Place, VisitorAddress } from "./visitor.ts";

export interface DoorPorts {
  readonly place: Place;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly visitorAddress: VisitorAddress;
  readonly users?: Users;
  readonly webLogin?: WebLogin;
}

/** The ways in: a key in the first address, or logins where people have names. */
export interface Doors {
  /** What lets in, when there are no logins. */
  readonly key: string | undefined;
  /** A key that is good once; undefined when keys let nobody in. */
  ticket(): string | undefined;
  listener(request: IncomingMessage): Listener | undefined;
  /** Answers what belongs to logging in and out; false when the request is about something else. */
  answer(visit: Visit, path: string, query: URLSearchParams): Promise<boolean>;
  /** Answers somebody who is not logged in. */
  turnAway(visit: Visit, path: string): void;
}

export function openDoors({ place, sessions, clock, visitorAddress, users, webLogin }: DoorPorts): Doors {
  const key = users === undefined && webLogin === undefined ? randomBytes(24).toString("base64url") : undefined;
  const tickets = new Set<string>();
  const ways = { passwords: users !== undefined, ...(webLogin === undefined ? {} : { system: webLogin.title }) };
  const passwords = users && openPasswords({ users, sessions, lockout: openLockout(clock), visitorAddress, ways });
  const oauth = webLogin && openOauth(webLogin, place, sessions, clock, ways);

  function withKey({ request, response }: Visit, path: string, query: URLSearchParams): boolean {
    const given = query.get("key");
    if (given === null || key === undefined || request.method !== "GET") return false;
    if (!sameSecret(given, key) && !tickets.delete(given)) {
      refuse(
        response,
        401,
        "The key in this link is wrong or has expired: callreel serve prints a new one at each start.",
      );
      return true;
    }
    query.delete("key");
    const rest = query.size === 0 ? "" : `?${query}`;
    const cookie = sessions.start({ name: "the holder of the key" });
    // A path that begins with two slashes would lead to another host.
    redirect(response, path.replace(/^[/\\]+/, "/") + rest, { "set-cookie": cookie });
    return true;
  }

  async function logout({ request, response }: Visit): Promise<boolean> {
    redirect(response, "/", { "set-cookie": await sessions.end(request) });
    return true;
  }

  return {
    key,
    ticket() {
      if (key === undefined) return undefined;
      const ticket = randomBytes(24).toString("base64url");
      tickets.add(ticket);
      return ticket;
    },
    listener: sessions.of,
    async answer(visit, path, query) {
      const { request, response } = visit;
      if (withKey(visit, path, query)) return true;
      if (path === "/logout" && request.method === "POST") return logout(visit);
      const part = publicParts[path];
      if (part !== undefined && request.method === "GET") {
        send(response, 200, ...part, { "cache-control": "no-cache" });
        return true;
      }
      if (key !== undefined) return false;
      if (path === "/login" && request.method === "GET") {
        send(response, 200, "text/html; charset=utf-8", loginPage({ ...ways, next: query.get("next") ?? "/" }));
        return true;
      }
      if (path === "/login" && request.method === "POST") return (await passwords?.(visit)) ?? false;
      return (await oauth?.(visit, path, query)) ?? false;
    },
    turnAway({ request, response }, path) {
      if (request.method !== "GET" || !isForPerson(request)) return refuse(response, 401, "Log in first.");
      if (key !== undefined) return send(response, 401, "text/html; charset=utf-8", keyPage(safeNext(path)));
      return redirect(response, `/login?next=${encodeURIComponent(path)}`);
    },
  };
}

/** What the login page is made of. */
const publicParts: Readonly<Record<string, readonly [type: string, body: string]>> = {
  "/icon.svg": ["image/svg+xml", playerIcon],
  "/player.css": ["text/css; charset=utf-8", playerStyle],
};
