import { randomBytes } from "node:crypto";
import { asRecordingError } from "../../core/model/errors.ts";
import type { Clock } from "../../core/model/ports.ts";
import { goOnPage, loginPage, type Ways } from "../page/small-pages.ts";
import { redirect, safeNext, send, type Visit } from "../respond.ts";
import { cookiesOf, type Listener, type Sessions } from "./sessions.ts";
import type { Place } from "./visitor.ts";

interface Pending extends Attempt {
  readonly next: string;
  readonly untilMs: number;
}

const patienceMs = 10 * 60_000;
const mostPending = 1_000;

/**
 * Login at another system: `/login/oauth` sends the browser there, `/oauth/callback` takes it back. The state is good
 * once and only in the browser that began, for a cookie there holds it too.
 */
export function openOauth(login: WebLogin, place: Place, sessions: Sessions, clock: Clock, ways: Ways) {
  const pending = new Map<string, Pending>();
  const secure = place.secure ? "; Secure" : "";
  const stateCookie = `${sessions.cookie}-login`;
  // Lax: the browser comes back from another site, and a strict cookie would stay behind.
  const cookie = (value: string, age: number) =>
    `${stateCookie}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${age}${secure}`;

  async function begin({ request, response }: Visit, next: string): Promise<void> {
    for (const [old, { untilMs }] of pending) {
      if (untilMs <= clock.now() || pending.size >= mostPending) pending.delete(old);
    }
    const state = randomBytes(24).toString("base64url");
    const verifier = randomBytes(48).toString("base64url");
    const here = `${place.secure ? "https" : "http"}://${request.headers.host}`;
    const redirectUri = `${place.playerUrl ?? here}/oauth/callback`;
    pending.set(state, { state, verifier, redirectUri, next, untilMs: clock.now() + patienceMs });
    const address = await login.address(redirectUri, state, verifier);
    redirect(response, address, { "set-cookie": cookie(state, patienceMs / 1000) });
  }

  async function end({ request, response, signal }: Visit, query: URLSearchParams): Promise<void> {
    const state = query.get("state") ?? "";
    const attempt = pending.get(state);
    const same = cookiesOf(request).get(stateCookie) === state;
    const refused = (status: number, message: string) =>
      send(response, status, "text/html; charset=utf-8", loginPage({ ...ways, message, next: "/" }), {
        "set-cookie": cookie("", 0),
      });
    if (attempt === undefined || !same || attempt.untilMs <= clock.now()) {
      return refused(400, "This does not belong to a login that began in this browser. Try again.");
    }
    pending.delete(state);
    try {
      const listener = await login.enter(query, attempt, signal);
      const set = [cookie("", 0), sessions.start(listener)];
      // The page goes on by itself: only a visit that begins here brings the strict cookie along.
      send(response, 200, "text/html; charset=utf-8", goOnPage(attempt.next), { "set-cookie": set });
    } catch (thrown) {
      const { code } = asRecordingError(thrown);
      refused(code === "login-refused" || code === "permission-refused" ? 403 : 502, words(code, login.title));
    }
  }

  return async (visit: Visit, path: string, query: URLSearchParams): Promise<boolean> => {
    if (visit.request.method !== "GET") return false;
    if (path === "/login/oauth") await begin(visit, safeNext(query.get("next")));
    else if (path === "/oauth/callback") await end(visit, query);
    else return false;
    return true;
  };
}

function words(code: string, system: string): string {
  if (code === "login-refused") return `${system} did not let you in, or you declined.`;
  if (code === "permission-refused") return `Your ${system} account may not listen to recordings here.`;
  return `${system} could not be asked. Try again.`;
}

/** A login in the browser at one of the systems (authorization code with PKCE). */
export interface WebLogin {
  /** How the system is called. */
  readonly title: string;
  /** Where to send the browser. */
  address(redirectUri: string, state: string, verifier: string): Promise<string>;
  /** Who came back, with what that account may hear; throws RecordingError when the login was declined or refused. */
  enter(answer: URLSearchParams, attempt: Attempt, signal: AbortSignal): Promise<Listener>;
}

/** One login under way. */
export interface Attempt {
  readonly redirectUri: string;
  readonly state: string;
  readonly verifier: string;
}
