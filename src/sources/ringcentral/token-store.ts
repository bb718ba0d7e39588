import { parsedObject } from "./answers.ts";
import type { TokenSet } from "./grants.ts";
import { jwtClaims } from "./jwt.ts";
import { credentialOf, digest, type RingCentralSettings } from "./settings.ts";
import type { State } from "./state.ts";

/** The session of one credential, shared by every process of the user. */
export interface TokenStore {
  read(): TokenSet | undefined;
  write(tokens: TokenSet): void;
  remove(): void;
}

/** Opens the place of a credential's session in the shared state. */
export function openTokenStore(state: State, credential: string): TokenStore {
  const name = `token:${credential}`;
  return {
    read() {
      const kept = parsedObject(state.read(name));
      return typeof kept?.accessToken === "string" ? (kept as unknown as TokenSet) : undefined;
    },
    write: (tokens) => state.update(name, () => ({ text: JSON.stringify(tokens), result: undefined })),
    remove: () => state.update(name, () => ({ text: null, result: undefined })),
  };
}

/** Which credential the settings stand for; undefined when there is no login at all. */
export function findCredential(state: State, settings: RingCentralSettings): string | undefined {
  const { accessToken, jwt } = settings;
  if (accessToken !== undefined) return credentialOf(settings, `token ${digest(accessToken)}`);
  if (jwt !== undefined) return credentialOf(settings, jwtClaims(jwt).subject ?? `jwt ${digest(jwt)}`);
  const user = state.read(loginName(settings));
  return user === undefined ? undefined : credentialOf(settings, user);
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
