import {
  openScriptedServer,
  type ScriptedAnswer,
  type ScriptedServer,
  type SeenRequest,
} from "../../helpers/scripted-server.ts";

export interface FakeSettings {
  limit: number;
  windowMs: number;
  penaltyMs: number;
  tokenLifeSeconds: number;
  /** Answers instead of the ordinary ones, when it returns one. */
  answer?: (request: SeenRequest) => ScriptedAnswer | undefined | Promise<ScriptedAnswer | undefined>;
}

/** A small RingCentral: tokens and one sliding window whose penalty every request restarts. */
export interface Fake extends AsyncDisposable {
  readonly server: ScriptedServer;
  readonly origin: string;
  readonly settings: FakeSettings;
  /** Answers with 429, and how many of those came inside a penalty. */
  readonly refusals: { limited: number; insidePenalty: number };
  tokenRequests(): SeenRequest[];
  /** Requests that counted against the window. */
  readonly counted: number[];
  /** Ends every token given so far. */
  killTokens(): void;
  /** Somebody else uses the same login. */
  useElsewhere(requests: number): void;
}

export async function openFake(changes: Partial<FakeSettings> = {}, clock = { now: Date.now }): Promise<Fake> {
  const settings: FakeSettings = { limit: 1000, windowMs: 1000, penaltyMs: 1000, tokenLifeSeconds: 3600, ...changes };
  const refusals = { limited: 0, insidePenalty: 0 };
  const counted: number[] = [];
  const alive = new Map<string, number>();
  let window: number[] = [];
  let penaltyUntil = 0;
  let tokens = 0;

  const server = await openScriptedServer(async (request) => {
    const scripted = await settings.answer?.(request);
    if (scripted !== undefined) return scripted;
    if (request.path === "/restapi/oauth/token") return newToken();
    if (request.path === "/restapi/oauth/revoke") return {};
    if ((alive.get(request.headers.authorization ?? "") ?? 0) < clock.now()) return refusedToken();
    return limited();
  });

  function newToken(): ScriptedAnswer {
    const token = `token-${++tokens}`;
    alive.set(`Bearer ${token}`, clock.now() + settings.tokenLifeSeconds * 1000);
    const scope = "ReadCallLog ReadCallRecording";
    return { body: { access_token: token, expires_in: settings.tokenLifeSeconds, owner_id: "101", scope } };
  }

  function limited(): ScriptedAnswer {
    const now = clock.now();
    window = window.filter((at) => at > now - settings.windowMs);
    if (now < penaltyUntil || window.length >= settings.limit) {
      refusals.limited += 1;
      if (now < penaltyUntil) refusals.insidePenalty += 1;
      penaltyUntil = now + settings.penaltyMs;
      const headers = { ...rateHeaders(0), "retry-after": String(settings.penaltyMs / 1000) };
      return { status: 429, headers, body: { errorCode: "CMN-301" } };
    }
    window.push(now);
    counted.push(now);
    return { headers: { ...rateHeaders(settings.limit - window.length), "content-type": "audio/mpeg" }, body: "audio" };
  }

  function rateHeaders(remaining: number): Record<string, string> {
    return {
      "x-rate-limit-group": "heavy",
      "x-rate-limit-limit": String(settings.limit),
      "x-rate-limit-remaining": String(Math.max(0, remaining)),
      "x-rate-limit-window": String(settings.windowMs / 1000),
    };
  }

  return {
    server,
    origin: server.origin,
    settings,
    refusals,
    counted,
    tokenRequests: () => server.seen.filter(({ path }) => path === "/restapi/oauth/token"),
    killTokens: () => alive.clear(),
    useElsewhere(requests) {
      for (let count = 0; count < requests; count++) window.push(clock.now());
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export function refusedToken(): ScriptedAnswer {
  return { status: 401, body: { errorCode: "TokenInvalid", errors: [{ errorCode: "OAU-213" }] } };
}
