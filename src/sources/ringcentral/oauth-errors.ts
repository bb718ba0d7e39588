import { RecordingError } from "../../core/errors.ts";
import type { HttpAnswer } from "../../http.ts";
import { errorCodes } from "./answers.ts";

const appSettings = "In RingCentral's developer console, open the app's settings";
const again = "Log in again: callreel auth login ringcentral, or give a new JWT with --jwt-file.";

/** What each code of the token endpoint means and what helps; the first code found in an answer speaks. */
const meanings: Readonly<Record<string, string>> = {
  "OAU-251": `The app may not log in this way. ${appSettings} and allow "JWT auth flow" (for --jwt-file) or "authorization code with PKCE" (for callreel auth login ringcentral).`,
  "OAU-125": `The app may not log in this way. ${appSettings} and allow "JWT auth flow" or "authorization code with PKCE".`,
  "OAU-250": `RingCentral does not offer this kind of login. ${goneGrant()}`,
  "OAU-270": "Logins of a whole partner are not offered to this app. Use a JWT of one user with --jwt-file.",
  "OAU-153":
    "The client id is unknown. Check --client-id (RC_APP_CLIENT_ID), and that --server is where the app lives.",
  "OAU-146": "The client secret is wrong. Check --client-secret-file (RC_APP_CLIENT_SECRET); public apps have none.",
  "OAU-120": "The login belongs to another app. Use the client id that the JWT or login was made for: --client-id.",
  "OAU-121": "The login belongs to another app. Use the client id that the JWT or login was made for: --client-id.",
  "OAU-106": "The code of the browser login is not valid. Run callreel auth login ringcentral again.",
  "OAU-108": "The code of the browser login came too late. Run callreel auth login ringcentral again.",
  "OAU-109": `The address the browser returns to is not registered. ${appSettings} and add the redirect URI that the login prints.`,
  "OAU-110": "The code of the browser login belongs to another app. Check --client-id.",
  "OAU-136": "The user of this login no longer exists. Use the JWT of another user.",
  "OAU-141": "The account's state allows no login. Ask the administrator of the RingCentral account.",
  "OAU-142": "The user's state allows no login. Ask the administrator of the RingCentral account.",
  "OAU-147": "The account is locked. Ask the administrator of the RingCentral account.",
  "OAU-148": "The user is locked. Ask the administrator of the RingCentral account.",
  "OAU-165": "This app belongs to RingCentral's retired sandbox. Use a production app and server.",
  "OAU-210": `The login has expired. ${again}`,
  "OAU-213": `The login is no longer valid: used up, revoked, or pushed out by other logins. ${again}`,
  "OAU-347": "The JWT was not made by RingCentral. Make one under Credentials in the developer console.",
  invalid_grant: `The JWT or login was refused: expired, revoked, or made for another app or server. ${again}`,
  invalid_client: "The app was not recognised. Check --client-id, --client-secret-file and --server.",
  unauthorized_client: `The app may not log in this way. ${appSettings} and allow the JWT or the authorization code flow.`,
};

/** A refusal of the token endpoint as a sentence with a remedy; never the server's own words. */
export function loginRefusal(answer: HttpAnswer): RecordingError {
  const codes = errorCodes(answer.body.toString("utf8"));
  const code = Object.keys(meanings).find((known) => codes.has(known));
  const named = [...codes].find((found) => found.startsWith("OAU-") || found.startsWith("CMN-")) ?? code;
  const label = named === undefined ? `HTTP ${answer.status}` : named;
  const meaning = code === undefined ? "Check the app, the login and --server with callreel doctor." : meanings[code];
  return new RecordingError("login-refused", `RingCentral refused the login (${label}). ${meaning}`);
}

/** There is nothing to log in with. */
export function noLogin(): RecordingError {
  return new RecordingError(
    "login-refused",
    "There is no RingCentral login. Give a JWT with --jwt-file (RC_USER_JWT), or run callreel auth login ringcentral.",
  );
}

/** What replaces the grants that RingCentral has taken away: user name with password, and implicit. */
export function goneGrant(): string {
  return "Logins by user name and password, and implicit ones, have ended: use a JWT (--jwt-file), or log in with the browser (callreel auth login ringcentral).";
}
