import { RecordingError } from "../../core/errors.ts";
import { jwtGrant, type LoginWorld, refreshGrant, requestToken, type TokenSet } from "./grants.ts";
import { noLogin } from "./oauth-errors.ts";
import type { TokenStore } from "./token-store.ts";

/** The access token of one credential: cached, shared by all workers and processes, renewed once for all of them. */
export interface Tokens extends Disposable {
  /**
   * A token that works as far as anyone knows. `failed` is the access token that a request was refused with: it is
   * not given again. A token that was refused without ever having been accepted is not renewed a second time.
   */
  current(failed: string | undefined, signal: AbortSignal): Promise<TokenSet>;
  /** The server took this access token. */
  accepted(accessToken: string): void;
}

/** Opens the tokens of a credential; without a store (no login) each call refuses. */
export function openTokens(world: LoginWorld, store: TokenStore | undefined): Tokens {
  const { settings, context } = world;
  const closing = new AbortController();
  const ready = settings.accessToken === undefined ? undefined : readyToken(settings.accessToken);
  let cached = ready;
  let renewing: Promise<TokenSet> | undefined;
  let refused: RecordingError | undefined;
  let minted: string | undefined;
  let accepted: string | undefined;

  function usable(tokens: TokenSet | undefined, failed: string | undefined): tokens is TokenSet {
    if (tokens === undefined || tokens.accessToken === failed) return false;
    const early = Math.min(60_000, (tokens.expiresMs - tokens.obtainedMs) / 10);
    return context.clock.now() < tokens.expiresMs - early;
  }

  async function renew(failed: string | undefined): Promise<TokenSet> {
    if (ready !== undefined) throw refusedAccessToken();
    if (store === undefined) throw noLogin();
    if (failed !== undefined && failed === minted && failed !== accepted) throw refusedNewToken();
    const kept = store.read();
    if (usable(kept, failed)) return kept;
    return world.gate.login(async () => {
      const shared = store.read();
      if (usable(shared, failed)) return shared;
      const tokens = await newSession(world, shared, closing.signal);
      store.write(tokens);
      minted = tokens.accessToken;
      return tokens;
    }, closing.signal);
  }

  async function renewed(failed: string | undefined): Promise<TokenSet> {
    try {
      cached = await renew(failed);
      return cached;
    } catch (error) {
      if (error instanceof RecordingError && error.verdict === "stop") refused = error;
      throw error;
    } finally {
      renewing = undefined;
    }
  }

  return {
    async current(failed, signal) {
      if (usable(cached, failed)) return cached;
      if (refused !== undefined) throw refused;
      renewing ??= renewed(failed);
      return orAborted(renewing, signal);
    },
    accepted(accessToken) {
      accepted = accessToken;
    },
    [Symbol.dispose]: () => closing.abort(new DOMException("The source is closed.", "AbortError")),
  };
}

/** Refreshes the session where that can be, else opens a new one with the JWT: two requests at most. */
async function newSession(world: LoginWorld, old: TokenSet | undefined, signal: AbortSignal): Promise<TokenSet> {
  const { jwt } = world.settings;
  const now = world.context.clock.now();
  if (old?.refreshToken !== undefined && (old.refreshExpiresMs ?? 0) > now) {
    try {
      const tokens = await requestToken(world, refreshGrant(old.refreshToken), signal);
      return old.ownerId === undefined ? tokens : { ownerId: old.ownerId, ...tokens };
    } catch (error) {
      const refusal = error instanceof RecordingError && error.code === "login-refused";
      if (!refusal || jwt === undefined) throw error;
    }
  }
  if (jwt === undefined) throw noLogin();
  return requestToken(world, jwtGrant(jwt), signal);
}

function readyToken(accessToken: string): TokenSet {
  return { accessToken, obtainedMs: 0, expiresMs: Number.MAX_SAFE_INTEGER, scope: "" };
}

function refusedAccessToken(): RecordingError {
  return new RecordingError(
    "login-refused",
    "RingCentral refused the access token: it has expired or was revoked. Give a new one, or a JWT with --jwt-file.",
  );
}

function refusedNewToken(): RecordingError {
  return new RecordingError(
    "login-refused",
    "RingCentral refused a token that it had just given. Check --server and --media-server, and the app in the developer console.",
  );
}

/** The shared work's outcome, or this caller's own end; the work itself goes on for the others. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {});
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
