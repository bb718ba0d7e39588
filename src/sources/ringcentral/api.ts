import { RecordingError } from "../../core/model/errors.ts";
import { isPassing, waitOf } from "../../core/model/response-headers.ts";
import { retried } from "../../core/retry.ts";
import type { HttpAnswer } from "../../http/client.ts";
import type { Tokens } from "./auth/tokens.ts";
import type { ServerClock } from "./call-log/server-clock.ts";
import {
  errorCodes,
  isLimit,
  isScopeRefusal,
  missingParameters,
  parsedObject,
  refusedScope,
  roleNeeded,
  wrongAccount,
} from "./error-bodies.ts";
import type { RingCentralRateLimiter } from "./rate-limiter/limiter.ts";
import { withPermit } from "./rate-limiter/with-permit.ts";
import type { RingCentralContext, RingCentralSettings } from "./settings.ts";

/** The API of one login: each request waits at the rate limiter, carries the shared token, and is repeated while that can help. */
export interface Api {
  /**
   * What `read` makes of the JSON object at `url`; `kind` names the sort of request for the rate limiter. Throws a
   * RecordingError for any other outcome; one that `read` throws with verdict `retry` is repeated like the others.
   */
  get<T>(kind: string, url: string, read: (answer: Json) => T, signal: AbortSignal): Promise<T>;
  /** The same for a POST without a body. */
  post<T>(kind: string, url: string, read: (answer: Json) => T, signal: AbortSignal): Promise<T>;
  /** The bytes at `url`, whatever they are; refused and repeated like the others. */
  bytes(kind: string, url: string, signal: AbortSignal): Promise<Buffer>;
}

export type Json = Readonly<Record<string, unknown>>;

export interface ApiWorld {
  readonly settings: RingCentralSettings;
  readonly context: RingCentralContext;
  readonly rateLimiter: RingCentralRateLimiter;
  readonly tokens: Tokens;
  readonly serverClock?: ServerClock;
}

interface Request {
  readonly kind: string;
  readonly url: string;
  readonly accept: string;
  readonly method?: "POST";
}

const defaultRetries = 5;
const mostPenalties = 5;
/** A host that has never answered: a typing error or a missing network should not take minutes to tell. */
const retriesOfSilentHost = 2;

export function openApi(world: ApiWorld): Api {
  const { settings, context } = world;
  let reached = false;

  async function asked<T>(request: Request, read: (answer: HttpAnswer) => T, signal: AbortSignal): Promise<T> {
    const failures = { penalties: 0, others: 0 };
    async function ask(): Promise<T> {
      const answer = await answered(world, request, signal);
      reached = true;
      return read(answer);
    }
    function pauseAfter(thrown: unknown): number {
      const helps = thrown instanceof RecordingError && thrown.verdict === "retry" && !signal.aborted;
      const pauseMs = helps ? pauseBefore(thrown, failures) : undefined;
      if (pauseMs === undefined) throw thrown;
      return pauseMs;
    }
    return retried(ask, pauseAfter, (ms) => pause(context, ms, signal));
  }

  /** How long to wait before the request is repeated; undefined when it has been repeated often enough. */
  function pauseBefore(error: RecordingError, failures: { penalties: number; others: number }): number | undefined {
    if (error.code === "rate-limited") {
      failures.penalties += 1;
      // The rate limiter itself waits a penalty out; being refused again and again means that somebody else sends on.
      return failures.penalties <= mostPenalties ? 0 : undefined;
    }
    if (error.code !== "unreachable") reached = true;
    const retries = settings.retries ?? defaultRetries;
    if (failures.others === (reached ? retries : Math.min(retries, retriesOfSilentHost))) return undefined;
    failures.others += 1;
    const backoffMs = context.random() * Math.min(60_000, 1000 * 2 ** (failures.others - 1));
    return Math.max(backoffMs, error.retryAfterMs ?? 0);
  }
  return {
    get: (kind, url, read, signal) =>
      asked({ kind, url, accept: "application/json" }, (answer) => read(jsonOf(answer, kind)), signal),
    post: (kind, url, read, signal) =>
      asked({ kind, url, accept: "application/json", method: "POST" }, (answer) => read(jsonOf(answer, kind)), signal),
    bytes: (kind, url, signal) => asked({ kind, url, accept: "*/*" }, ({ body }) => body, signal),
  };
}

/** One request, and one more with a renewed token when the first one's was refused. */
async function answered(world: ApiWorld, request: Request, signal: AbortSignal): Promise<HttpAnswer> {
  const first = await send(world, request, signal);
  if (first.status !== 401) return whole(first, request.kind, world.context.clock.now());
  const second = await send(world, request, signal);
  if (second.status !== 401) return whole(second, request.kind, world.context.clock.now());
  throw new RecordingError(
    "login-refused",
    "RingCentral refuses the login, even after it was renewed. Check it with callreel auth status ringcentral.",
  );
}

async function send(
  { context, rateLimiter, tokens, serverClock }: ApiWorld,
  { kind, url, accept, method }: Request,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  await tokens.current(signal);
  const request = async () => {
    const { accessToken: token } = await tokens.current(signal);
    const headers = { authorization: `Bearer ${token}`, accept };
    const answer = asLimited(await context.http.request({ url, headers, ...(method && { method }) }, signal));
    serverClock?.heard(answer);
    if (answer.status === 401) tokens.refused(token);
    else tokens.accepted(token);
    return answer;
  };
  return withPermit(rateLimiter, kind, request, signal);
}

/** An answer whose body is RingCentral's word for too many requests is that, whatever its status. */
function asLimited(answer: HttpAnswer): HttpAnswer {
  return isLimit(answer.body.subarray(0, 4096).toString("utf8")) ? { ...answer, status: 429 } : answer;
}

function jsonOf({ body }: HttpAnswer, kind: string): Json {
  const text = body.toString("utf8");
  const value = parsedObject(text);
  if (value === undefined) {
    const message = `RingCentral's answer (${kind}) is not JSON. Check --server and any proxy.`;
    throw new RecordingError("bad-answer", message, { verdict: "retry" });
  }
  // What an answer with an error holds besides, such as an empty list, is not what was asked for.
  const codes = value.errorCode === undefined && value.errors === undefined ? [] : [...errorCodes(text)];
  if (codes.length === 0) return value;
  const message = `RingCentral's answer (${kind}) names an error, though its status names none (${codes.join(", ")}).`;
  throw new RecordingError("bad-answer", message, { verdict: "retry" });
}

/** The answer if it is a good and whole one: a part of a list would pass for a short list. */
function whole(answer: HttpAnswer, kind: string, now: number): HttpAnswer {
  const { status } = answer;
  if (status >= 200 && status < 300 && status !== 206) return answer;
  const body = answer.body.toString("utf8");
  const details = { head: answer, body, ...waitOf(answer, now) };
  if (status === 429) throw new RecordingError("rate-limited", `RingCentral is limiting requests (429).`, details);
  if (isPassing(status)) {
    throw new RecordingError("server-error", `RingCentral reports a server error (${kind}, HTTP ${status}).`, details);
  }
  if (status === 403) {
    throw isScopeRefusal(body) ? refusedScope(body) : new RecordingError("forbidden", roleNeeded(body), details);
  }
  if (status === 404 && errorCodes(body).has("CMN-102") && missingParameters(body).has("accountId"))
    throw wrongAccount(details);
  const codes = [...errorCodes(body), ...missingParameters(body)].join(", ");
  if (status === 400 && kind === "call-log") {
    const message = `RingCentral did not accept this query for calls (HTTP 400${codes === "" ? "" : `, ${codes}`}): check --from, --to, --extension and --number.`;
    throw new RecordingError("usage", message, details);
  }
  throw new RecordingError(
    "http-error",
    `RingCentral refused the request (${kind}, HTTP ${status}${codes === "" ? "" : `, ${codes}`}).`,
    { ...details, verdict: "stop" },
  );
}

const notWorthTellingMs = 5_000;

/** Waits before a request is repeated, and says until when where that is long. */
export function pause({ clock, report }: RingCentralContext, ms: number, signal: AbortSignal): Promise<void> {
  if (ms > notWorthTellingMs) {
    report({ event: "waiting", reason: "RingCentral to recover", untilMs: clock.now() + ms });
  }
  return clock.sleep(ms, signal);
}
