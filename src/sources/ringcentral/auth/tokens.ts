import { RecordingError } from "../../../core/model/errors.ts";
import { orAborted } from "../../../platform/mutex.ts";
import { parsedObject } from "../error-bodies.ts";
import type { SoonOr } from "../rate-limiter/budget-store.ts";
import { credentialOf, digest, type RingCentralSettings } from "../settings.ts";
import type { State } from "../state.ts";
import { jwtGrant, type LoginWorld, noLogin, refreshGrant, requestToken, type TokenSet } from "./grants.ts";
import { jwtClaims } from "./login-status.ts";

/** The access token of one credential: cached, shared by all workers and processes, renewed once for all of them. */
export interface Tokens extends Disposable {
  /** A token that works as far as anyone knows; renewed first where it must be. */
  current(signal: AbortSignal): Promise<TokenSet>;
  /** The server took this access token. */
  accepted(accessToken: string): void;
  /**
   * The server refused this access token with 401: it is not given again. When two new ones in a row were refused
   * before either was ever accepted, no third is asked for.
   */
  refused(accessToken: string): void;
}

const deadRemembered = 50;
/** So many failed renewals in a row, each of several tries, end the run: it is the login that is out of order. */
const mostFailures = 6;

/** Opens the tokens of a credential; without a store (no login) each call refuses. */
export function openTokens(world: LoginWorld, store: TokenStore | undefined): Tokens {
  const { settings, context } = world;
  const closing = new AbortController();
  const ready = settings.accessToken === undefined ? undefined : readyToken(settings.accessToken);
  let cached = ready;
  let renewing: Promise<TokenSet> | undefined;
  let refusal: RecordingError | undefined;
  /** The newest token of our own asking, until the server has taken or refused it. */
  let minted: string | undefined;
  let refusedWhenNew = 0;
  let failuresInARow = 0;
  const dead = new Set<string>();

  function usable(tokens: TokenSet | undefined): tokens is TokenSet {
    if (tokens === undefined || dead.has(tokens.accessToken)) return false;
    const early = Math.min(60_000, (tokens.expiresMs - tokens.obtainedMs) / 10);
    return context.clock.now() < tokens.expiresMs - early;
  }

  function sessionOfOthers(kept: TokenSet | undefined): TokenSet {
    if (usable(kept)) return kept;
    throw new RecordingError("server-error", "Another process renews this login at the same time.");
  }

  async function renew(): Promise<TokenSet> {
    if (ready !== undefined) throw refusedAccessToken();
    if (store === undefined) throw noLogin();
    if (refusedWhenNew >= 2) throw refusedNewToken();
    const kept = await store.read();
    if (usable(kept)) return kept;
    return world.rateLimiter.login(async () => {
      const shared = await store.read();
      if (usable(shared)) return shared;
      const tokens = await newSession(world, shared, store, closing.signal);
      if (tokens === undefined) return sessionOfOthers(await store.read());
      minted = tokens.accessToken;
      return tokens;
    }, closing.signal);
  }

  async function renewed(): Promise<TokenSet> {
    try {
      cached = await renew();
      failuresInARow = 0;
      return cached;
    } catch (thrown) {
      failuresInARow += 1;
      const error = failuresInARow >= mostFailures ? asFinal(thrown) : thrown;
      if (error instanceof RecordingError && error.verdict === "stop") refusal = error;
      throw error;
    } finally {
      renewing = undefined;
    }
  }

  return {
    async current(signal) {
      if (usable(cached)) return cached;
      if (refusal !== undefined) throw refusal;
      renewing ??= renewed();
      return orAborted(renewing, signal);
    },
    accepted(accessToken) {
      if (accessToken !== minted) return;
      minted = undefined;
      refusedWhenNew = 0;
    },
    refused(accessToken) {
      if (accessToken === minted) {
        minted = undefined;
        refusedWhenNew += 1;
      }
      dead.add(accessToken);
      if (dead.size > deadRemembered) dead.delete(dead.values().next().value as string);
    },
    [Symbol.dispose]: () => closing.abort(new DOMException("The source is closed.", "AbortError")),
  };
}

/**
 * Refreshes the session where that can be, else opens a new one with the JWT: two requests at most. Undefined where another
 * process took this one for dead meanwhile and keeps a session of its own.
 *
 * That a refresh token is about to be used is kept first. Whoever finds that of one that was killed knows not whether it
 * was used: it takes the JWT instead. Without one it can only try, for which RingCentral leaves an hour.
 */
async function newSession(
  world: LoginWorld,
  old: TokenSet | undefined,
  store: TokenStore,
  signal: AbortSignal,
): Promise<TokenSet | undefined> {
  const { jwt } = world.settings;
  const now = world.context.clock.now();
  const refreshable = old?.refreshToken !== undefined && (old.refreshExpiresMs ?? 0) > now;
  let kept = old;
  if (refreshable && !(old.refreshing && jwt !== undefined)) {
    kept = { ...old, refreshing: true };
    if (!(await store.write(kept, old))) return undefined;
    try {
      const fresh = await requestToken(world, refreshGrant(old.refreshToken as string), signal);
      const tokens = old.ownerId === undefined ? fresh : { ownerId: old.ownerId, ...fresh };
      return (await store.write(tokens, kept)) ? tokens : undefined;
    } catch (error) {
      const refusal = error instanceof RecordingError && error.code === "login-refused";
      if (!refusal || jwt === undefined) throw error;
    }
  }
  if (jwt === undefined) throw noLogin();
  const tokens = await requestToken(world, jwtGrant(jwt), signal);
  return (await store.write(tokens, kept)) ? tokens : undefined;
}

function asFinal(thrown: unknown): unknown {
  if (!(thrown instanceof RecordingError)) return thrown;
  return new RecordingError(thrown.code, `${thrown.message} Run again later.`, { verdict: "stop", cause: thrown });
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

/** The session of one credential, shared by every process of the user; or, in a database, by every machine. */
export interface TokenStore {
  read(): SoonOr<TokenSet | undefined>;
  /** Keeps a session in the place of the one that was read; false, and nothing is kept, where another stands there by now. */
  write(tokens: TokenSet, instead: TokenSet | undefined): SoonOr<boolean>;
  remove(): SoonOr<void>;
}

/** A session that is kept on this machine: at once. */
interface LocalTokenStore extends TokenStore {
  read(): TokenSet | undefined;
  write(tokens: TokenSet, instead: TokenSet | undefined): boolean;
  /** Keeps a session whatever stood there. */
  replace(tokens: TokenSet): void;
  remove(): void;
}

/** Opens the place of a credential's session in the shared state. */
export function openTokenStore(state: State, credential: string): LocalTokenStore {
  const name = `token:${credential}`;
  return {
    read: () => tokensIn(state.read(name)),
    write: (tokens, instead) =>
      state.update(name, (text) => {
        if (!sameSession(tokensIn(text), instead)) return { result: false };
        return { text: JSON.stringify(tokens), result: true };
      }),
    replace: (tokens) => state.update(name, () => ({ text: JSON.stringify(tokens), result: undefined })),
    remove: () => state.update(name, () => ({ text: null, result: undefined })),
  };
}

/** Whether two readings of a kept session are of the same one, at the same step of its renewal. */
export function sameSession(one: TokenSet | undefined, other: TokenSet | undefined): boolean {
  return one?.accessToken === other?.accessToken && (one?.refreshing ?? false) === (other?.refreshing ?? false);
}

/** The session that a text tells; undefined where it tells none. */
export function tokensIn(text: string | undefined): TokenSet | undefined {
  const kept = parsedObject(text);
  return typeof kept?.accessToken === "string" ? (kept as unknown as TokenSet) : undefined;
}

/** Which credential the settings stand for; undefined when there is no login at all. */
export function findCredential(state: State, settings: RingCentralSettings): string | undefined {
  const { accessToken, jwt } = settings;
  if (accessToken !== undefined) return credentialOf(settings, `token ${digest(accessToken)}`);
  if (jwt !== undefined) return credentialOf(settings, jwtClaims(jwt).subject ?? `jwt ${digest(jwt)}`);
  const user = rememberedUser(state, settings);
  return user === undefined ? undefined : credentialOf(settings, user);
}

/** Who logged in with the browser for this profile. */
export function rememberedUser(state: State, settings: RingCentralSettings): string | undefined {
  return state.read(loginName(settings));
}

/** Remembers who logged in with the browser for this profile; returns the credential. */
export function rememberLogin(state: State, settings: RingCentralSettings, user: string): string {
  state.update(loginName(settings), () => ({ text: user, result: undefined }));
  return credentialOf(settings, user);
}

export function forgetLogin(state: State, settings: RingCentralSettings): void {
  state.update(loginName(settings), () => ({ text: null, result: undefined }));
}

function loginName(settings: RingCentralSettings): string {
  return `login:${digest([settings.server, settings.clientId, settings.profile].join("\n"))}`;
}
