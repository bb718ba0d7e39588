import { RecordingError } from "../../../core/model/errors.ts";
import type { HttpAnswer } from "../../../http/client.ts";
import { openKeyedMutex } from "../../../platform/mutex.ts";
import type { Tim, TimContext } from "../settings.ts";
import { parseChallenges } from "./digest.ts";
import { endlessLogin, shutOut } from "./refusal.ts";
import { openMeans } from "./schemes.ts";

/** TIM's answer, with the monotonic time from just before its request went out. */
export interface TimAnswer {
  readonly answer: HttpAnswer;
  readonly takenAt: number;
  /** Whether the request carried the login. */
  readonly loggedIn: boolean;
}

/** The login at TIM's web server, shared by all workers. */
export interface Login {
  /**
   * GET with the login that the server wants; `url` is called anew for each request. Until one login has been taken only
   * one request is under way; a refused login is the last one sent, and is thrown to every caller from then on.
   */
  get(url: () => string, signal: AbortSignal): Promise<TimAnswer>;
  /** One request without a login: the schemes that the server offers, lower-case; empty when it asks for none. */
  offered(url: () => string, signal: AbortSignal): Promise<readonly string[]>;
}

/** The largest answer taken: a token URL is far smaller, a web page or audio in its place need not be read to the end. */
const maxBytes = 1024 * 1024;
/** Requests for one answer: a challenge, the login, and stale nonces. */
const maxRequests = 6;

/** Opens the login of one TIM; nothing is sent yet. */
export function openLogin(tim: Tim, context: Pick<TimContext, "http" | "clock">): Login {
  const { http, clock } = context;
  const { host } = tim.base;
  const means = openMeans(tim, context);
  const loginLock = openKeyedMutex();
  let refused: RecordingError | undefined;

  async function get(url: () => string, signal: AbortSignal): Promise<TimAnswer> {
    for (let sent = 0; sent < maxRequests; sent += 1) {
      const leave = means.proven && !means.oneByOne ? undefined : await loginLock("login", signal);
      try {
        if (refused !== undefined) throw refused;
        const answered = await once(url(), signal);
        if (answered !== undefined) return answered;
      } catch (thrown) {
        throw remembered(thrown);
      } finally {
        leave?.();
      }
    }
    throw remembered(endlessLogin(host));
  }

  /** One request; undefined when it only taught what the next one must carry. */
  async function once(url: string, signal: AbortSignal): Promise<TimAnswer | undefined> {
    const carried = means.current;
    const takenAt = clock.monotonic();
    const answer = await http.request({ url, headers: means.headers(carried, url), maxBytes }, signal);
    if (answer.status === 401) {
      means.refusedWith(answer, carried);
      return undefined;
    }
    if (answer.status === 403 && carried.kind === "nothing" && !means.proven) throw shutOut(host, answer);
    if (provesLogin(answer.status)) means.takenWith(answer, carried);
    return { answer, takenAt, loggedIn: carried.kind !== "nothing" };
  }

  /** The first refusal is everybody's. */
  function remembered(thrown: unknown): unknown {
    if (!(thrown instanceof RecordingError) || thrown.code !== "login-refused") return thrown;
    refused ??= thrown;
    return refused;
  }

  return {
    get,
    async offered(url, signal) {
      const carried = means.current;
      const answer = await http.request({ url: url(), maxBytes }, signal);
      if (answer.status !== 401) return [];
      if (carried.kind === "nothing") means.refusedWith(answer, carried);
      return [...new Set(parseChallenges(answer.headers["www-authenticate"] ?? "").map(({ scheme }) => scheme))];
    },
  };
}

/** An answer that a server gives only after it has looked at the login; a failing or busy one may not have. */
function provesLogin(status: number): boolean {
  return status < 500 && status !== 408 && status !== 425 && status !== 429;
}
