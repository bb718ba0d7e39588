import * as oauth from "oauth4webapi";
import { RecordingError } from "../../../core/model/errors.ts";
import type { RecordingRef } from "../../../core/model/recording.ts";
import { isVoicemail } from "../../../core/voicemail.ts";
import { type Api, openApi } from "../api.ts";
import type { RingCentralRateLimiter } from "../rate-limiter/limiter.ts";
import { openRateLimiter } from "../rate-limiter/open-rate-limiter.ts";
import {
  applicationOf,
  checkedSettings,
  credentialOf,
  type RingCentralContext,
  type RingCentralSettings,
} from "../settings.ts";
import { openState, type State } from "../state.ts";
import { loginAddress } from "./browser-login.ts";
import { codeGrant, requestToken, revokeToken, type TokenSet } from "./grants.ts";
import { openTokens } from "./tokens.ts";

/** Somebody who logged in on a web page, and what that account may hear. Nothing of the login is written to disk. */
export interface WebAccount extends AsyncDisposable {
  /** For people and the audit log. */
  readonly name: string;
  /** Whether the recording may be shown in a list, as far as its call tells: asks nobody. */
  sees(ref: RecordingRef): boolean;
  /** Whether RingCentral lets the account have the recording; what it no longer has goes by what the account sees. */
  mayHear(ref: RecordingRef, signal: AbortSignal): Promise<boolean>;
}

export interface WebLogins extends AsyncDisposable {
  /** The address of RingCentral's login page. */
  address(redirectUri: string, state: string, verifier: string): Promise<string>;
  /** Who came back from it. Throws `login-refused` when the login was declined or does not fit. */
  enter(
    answer: URLSearchParams,
    attempt: { readonly redirectUri: string; readonly state: string; readonly verifier: string },
    signal: AbortSignal,
  ): Promise<WebAccount>;
}

/** Logins of other people than the one whose login fetches; each with a budget of requests of its own. */
export function openWebLogins(given: RingCentralSettings, context: RingCentralContext): WebLogins {
  const { jwt: _jwt, accessToken: _token, ...rest } = checkedSettings(given);
  const settings: RingCentralSettings = rest;
  const state = openState(settings.stateDir);
  return {
    address: (redirectUri, nonce, verifier) => loginAddress(settings, redirectUri, nonce, verifier),
    async enter(answer, { redirectUri, state: nonce, verifier }, signal) {
      const code = codeOf(answer, settings, nonce);
      const tokens = await redeem(code, redirectUri, verifier);
      return openAccount(tokens, { settings, context, state }, signal);

      async function redeem(found: string, uri: string, secret: string): Promise<TokenSet> {
        const [credential, application] = [credentialOf(settings, "browser"), applicationOf(settings)];
        using rateLimiter = openRateLimiter({ state, credential, application, ...context });
        return await requestToken({ settings, context, rateLimiter }, codeGrant(found, uri, secret), signal);
      }
    },
    async [Symbol.asyncDispose]() {
      state[Symbol.dispose]();
    },
  };
}

function codeOf(answer: URLSearchParams, settings: RingCentralSettings, nonce: string): string {
  try {
    const server = { issuer: settings.server };
    const code = oauth.validateAuthResponse(server, { client_id: settings.clientId }, answer, nonce).get("code");
    if (code !== null) return code;
  } catch (error) {
    if (!(error instanceof oauth.AuthorizationResponseError) && !(error instanceof oauth.OperationProcessingError)) {
      throw error;
    }
  }
  throw new RecordingError("login-refused", "The login was declined in the browser.");
}

interface World {
  readonly settings: RingCentralSettings;
  readonly context: RingCentralContext;
  readonly state: State;
}

async function openAccount(first: TokenSet, world: World, signal: AbortSignal): Promise<WebAccount> {
  const { settings, context, state } = world;
  const rateLimiter = openRateLimiter({
    state,
    credential: credentialOf(settings, first.ownerId ?? "web"),
    application: applicationOf(settings),
    ...context,
  });
  let kept: TokenSet | undefined = first;
  const store = {
    read: () => kept,
    write(tokens: TokenSet) {
      kept = tokens;
      return true;
    },
    remove() {
      kept = undefined;
    },
  };
  const tokens = openTokens({ settings, context, rateLimiter }, store);
  const api = openApi({ settings, context, rateLimiter, tokens });
  const close = () => {
    tokens[Symbol.dispose]();
    rateLimiter[Symbol.dispose]();
  };
  try {
    const person = await whoIs(api, settings, signal);
    return account(person, api, settings, async () => {
      await leave(kept, world, rateLimiter);
      close();
    });
  } catch (error) {
    close();
    throw error;
  }
}

/** Ends the session at RingCentral; whether that works changes nothing here. */
async function leave(
  kept: TokenSet | undefined,
  { settings, context }: World,
  rateLimiter: RingCentralRateLimiter,
): Promise<void> {
  const token = kept?.refreshToken ?? kept?.accessToken;
  if (token === undefined) return;
  await revokeToken({ settings, context, rateLimiter }, token, AbortSignal.timeout(3_000)).catch(() => {});
}

interface Person {
  readonly name: string;
  readonly account: string | undefined;
  readonly extension: string | undefined;
  /** Whether the account's role opens the whole company's recordings. */
  readonly company: boolean;
}

async function whoIs(api: Api, settings: RingCentralSettings, signal: AbortSignal): Promise<Person> {
  const own = `${settings.server}/restapi/v1.0/account/~/extension/~`;
  const person = await api.get(
    "extension",
    own,
    ({ name, extensionNumber, uri, id }) => ({
      name: [text(name), text(extensionNumber) ?? text(id)].filter(Boolean).join(", ext. "),
      extension: text(extensionNumber),
      account: /\/account\/(\d+)\//.exec(text(uri) ?? "")?.[1],
    }),
    signal,
  );
  const check = `${own}/authz-profile/check?permissionId=ReadCompanyCallRecordings`;
  const company = await api.get("authz", check, ({ successful }) => successful === true, signal);
  return { ...person, company };
}

function account(
  { name, account: own, extension, company }: Person,
  api: Api,
  settings: RingCentralSettings,
  close: () => Promise<void>,
): WebAccount {
  const known = new Map<string, boolean>();
  const sees = (ref: RecordingRef) => {
    if (ref.source !== "ringcentral" || own === undefined || accountOf(ref) !== own) return false;
    // A role that may hear the company's calls says nothing of colleagues' mailboxes.
    return (company && !isVoicemail(ref.key)) || (extension !== undefined && ref.call.extension === extension);
  };
  async function ask(ref: RecordingRef, signal: AbortSignal): Promise<boolean> {
    const url = `${settings.server}/restapi/v1.0/account/~/recording/${encodeURIComponent(ref.id)}`;
    try {
      return await api.get("recording-info", url, () => true, signal);
    } catch (error) {
      const code = error instanceof RecordingError ? error.code : undefined;
      if (code === "forbidden" || code === "permission-refused" || code === "login-refused") return false;
      // Deleted or expired there: the role and the call decide.
      if (code === "gone" || code === "http-error" || code === "not-found") return sees(ref);
      throw error;
    }
  }
  return {
    name: `${name} (RingCentral)`,
    sees,
    async mayHear(ref, signal) {
      if (ref.source !== "ringcentral") return false;
      if (isVoicemail(ref.key)) return sees(ref);
      const answer = known.get(ref.key) ?? (await ask(ref, signal));
      known.set(ref.key, answer);
      if (known.size > mostKnown) known.delete(known.keys().next().value as string);
      return answer;
    },
    [Symbol.asyncDispose]: close,
  };
}

const mostKnown = 5_000;

/** The account a recording belongs to, as its call or its address tell. */
function accountOf({ call, locator }: RecordingRef): string | undefined {
  return call.account ?? /\/account\/(\d+)\//.exec(locator.contentUri ?? "")?.[1];
}

function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value.slice(0, 200) : undefined;
}
