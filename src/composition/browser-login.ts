import type { Io } from "../cli/io.ts";
import { ask, openBrowser } from "../cli/prompt.ts";
import { openHttp } from "../http/client.ts";
import { browserLogin, type LoggedIn } from "../sources/ringcentral/auth/browser-login.ts";
import { sourceHttpSettings, type Wiring } from "./http.ts";
import { ringcentralSettings } from "./sources.ts";

/** Logs in to RingCentral in the browser of whoever sits there; without a terminal no address can be pasted. */
export async function logInWithBrowser(wiring: Wiring): Promise<LoggedIn> {
  const { settings, io, report } = wiring;
  await using http = openHttp(sourceHttpSettings("ringcentral", settings, io), wiring.logRequest);
  const prompt = {
    show(address: string, redirectUri: string) {
      io.stderr.write(`Log in at:\n  ${address}\nThe app needs the redirect URI ${redirectUri}.\n`);
    },
    open: (address: string) => openBrowser(address, io),
    ...(io.stdin.isTTY && !settings.noInput ? { paste: (signal: AbortSignal) => pastedAddress(io, signal) } : {}),
  };
  const context = { http, clock: io.clock, random: io.random, report };
  const login = await browserLogin(await ringcentralSettings(wiring), context, prompt, io.stop);
  io.stderr.write(`Logged in as extension ${login.user}, with ${login.scopes.join(", ") || "no scopes"}.\n`);
  return login;
}

/** No longer asked for once the browser has come back by itself. */
function pastedAddress(io: Io, signal: AbortSignal): Promise<string> {
  const question = "If the browser runs on another machine, paste the address it was sent to:\n";
  return ask(
    question,
    { ...io, stop: AbortSignal.any([io.stop, signal]) },
    { noInput: false, instead: "log in with --jwt-file" },
  );
}
