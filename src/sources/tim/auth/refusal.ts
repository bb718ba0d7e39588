import { RecordingError } from "../../../core/model/errors.ts";
import type { ResponseHead } from "../../../core/model/recording.ts";
import { printable } from "../../../core/text.ts";
import type { Challenge } from "./digest.ts";

const nothingMore = "Nothing more was sent, because TIM locks an address out after repeated bad logins.";

/** The password is wrong, expired, or the web user is disabled. */
export function wrongPassword(host: string, user: string, head: ResponseHead): RecordingError {
  return new RecordingError(
    "login-refused",
    `TIM at ${host} refused the login of ${printable(user).slice(0, 80)}. ${nothingMore} Check --tim-user and --tim-password-file, ` +
      "or run `callreel auth login tim`; the password of a TIM web user can also expire.",
    { head },
  );
}

/** The server offers no scheme that is spoken here. */
export function unknownSchemes(host: string, challenges: readonly Challenge[], head: ResponseHead): RecordingError {
  const names =
    [...new Set(challenges.map(({ scheme }) => shownScheme(scheme)))].slice(0, 5).join(", ") || "an unreadable way";
  const windows = challenges.some(({ scheme }) => scheme === "negotiate" || scheme === "ntlm");
  return new RecordingError(
    "login-refused",
    `TIM at ${host} offers only ${names} to log in, and callreel speaks Basic and Digest. ` +
      (windows
        ? "This is Windows authentication: have Basic or Digest switched on for TIM's web server (over https), or point --tim-url at TIM itself instead of the proxy before it."
        : "Point --tim-url at TIM's own web server, or have Basic or Digest switched on there."),
    { head },
  );
}

/** Basic is offered where Digest was spoken before or is demanded: somebody may be listening for the password. */
export function onlyBasic(host: string, head: ResponseHead): RecordingError {
  return new RecordingError(
    "login-refused",
    `TIM at ${host} offers Basic only, where Digest was used before or is demanded; over plain http the password could be read on the way. ` +
      "If that is right, choose it with --tim-auth basic, or use https.",
    { head },
  );
}

/** Refused before anything was asked: the address is locked, or the server never asks for a login. */
export function shutOut(host: string, head: ResponseHead): RecordingError {
  return new RecordingError(
    "login-refused",
    `TIM at ${host} refuses this machine (403) before any login. After bad logins it locks an address for a while: wait, or ask its administrator. ` +
      "If it never asks for a login by itself, send it ahead with --tim-auth basic.",
    { head },
  );
}

/** Each answer asks for another login; going on could count as bad logins. */
export function endlessLogin(host: string): RecordingError {
  return new RecordingError(
    "login-refused",
    `TIM at ${host} asks for a new login with every answer. ${nothingMore} Check whether a proxy in front of TIM changes its answers.`,
  );
}

/** A scheme name of the server's as it may be printed. */
export function shownScheme(scheme: string): string {
  const known = ["basic", "digest", "negotiate", "bearer", "kerberos"];
  if (scheme === "ntlm") return "NTLM";
  if (known.includes(scheme)) return scheme.slice(0, 1).toUpperCase() + scheme.slice(1);
  return scheme.replace(/[^\w-]/g, "").slice(0, 20) || "an unnamed scheme";
}
