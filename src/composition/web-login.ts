import { RecordingError } from "../core/model/errors.ts";
import { openHttp } from "../http/client.ts";
import type { WebLogin } from "../player/auth/oauth.ts";
import { openWebLogins } from "../sources/ringcentral/auth/player-login.ts";
import { sourceHttpSettings, type Wiring } from "./http.ts";
import { ringcentralSettings } from "./sources.ts";

/** Login of listeners with their own RingCentral account, through the app that the settings name. */
export async function wireWebLogin(wiring: Wiring): Promise<WebLogin & AsyncDisposable> {
  const { settings, io, report, logRequest } = wiring;
  if (settings.clientId === undefined) {
    throw new RecordingError(
      "usage",
      "--login ringcentral needs an app: give its client id with --client-id or RC_APP_CLIENT_ID.",
    );
  }
  const http = openHttp(sourceHttpSettings("ringcentral", settings, io), logRequest);
  const { clock, random } = io;
  const logins = openWebLogins(await ringcentralSettings(wiring), { http, clock, random, report });
  return {
    title: "RingCentral",
    address: logins.address,
    async enter(answer, attempt, signal) {
      const account = await logins.enter(answer, attempt, signal);
      return {
        name: account.name,
        sees: ({ ref }) => account.sees(ref),
        mayHear: account.mayHear,
        close: async () => account[Symbol.asyncDispose](),
      };
    },
    async [Symbol.asyncDispose]() {
      await logins[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
    },
  };
}
