import { resolve } from "node:path";
import { openSettingsFile, settingsPath } from "../cli/config.ts";
import type { Invocation } from "../cli/io.ts";
import { allOptions } from "../cli/options/groups.ts";
import { optionName } from "../cli/options/option.ts";
import { ask } from "../cli/prompt.ts";
import { logInWithBrowser } from "../composition/browser-login.ts";
import { sourceHttpSettings, type Wiring } from "../composition/http.ts";
import { forgetKeptJwt, profileOf, secretNames, secretsOf } from "../composition/kept-logins.ts";
import { openRunReporter } from "../composition/reporter.ts";
import { ringcentralSettings, timSettings } from "../composition/sources.ts";
import { RecordingError } from "../core/model/errors.ts";
import { formatDuration } from "../core/text.ts";
import { openHttp } from "../http/client.ts";
import { sources } from "../sources/index.ts";

/** `auth login|status|logout ringcentral|tim`. */
export async function auth(invocation: Invocation): Promise<number> {
  const [verb = "", source = ""] = invocation.args;
  const action = actions[`${verb} ${source}`.toLowerCase()];
  if (action === undefined) {
    throw new RecordingError(
      "usage",
      "auth needs an action (login, status or logout) and a system (ringcentral or tim).",
    );
  }
  const reporter = await openRunReporter(invocation);
  try {
    return await action(invocation, { settings: invocation.settings, io: invocation.io, ...reporter });
  } finally {
    await reporter.close();
  }
}

type Action = (invocation: Invocation, wiring: Wiring) => Promise<number>;

const actions: Readonly<Record<string, Action>> = {
  "login ringcentral": loginRingCentral,
  "status ringcentral": statusRingCentral,
  "logout ringcentral": logoutRingCentral,
  "login tim": loginTim,
  "status tim": statusTim,
  "logout tim": logoutTim,
};

/** In the browser, or with a JWT file, which is then remembered in the profile. */
async function loginRingCentral(invocation: Invocation, wiring: Wiring): Promise<number> {
  const { settings, flags } = invocation;
  if (settings.clientId === undefined) {
    throw new RecordingError(
      "usage",
      "The app's client id is missing: give --client-id or set RC_APP_CLIENT_ID; RingCentral's developer console shows it.",
    );
  }
  await remember(invocation, ["server", "mediaServer", "clientId", "clientSecretFile", "jwtFile", "redirectPort"]);
  if (flags.jwtFile !== undefined || settings.jwt !== undefined) return statusRingCentral(invocation, wiring);
  await logInWithBrowser(wiring);
  await forgetKeptJwt(settings, invocation.io);
  return 0;
}

/** Writes the settings that a login needs into the profile, so that the next command finds them. */
async function remember(
  { flags, io, settings }: Invocation,
  keys: readonly (keyof Invocation["settings"])[],
): Promise<void> {
  const given = keys.filter((key) => flags[key] !== undefined);
  if (given.length === 0) return;
  const file = await openSettingsFile(settingsPath(flags, io.env));
  const profile = profileOf(settings);
  for (const key of given) {
    const value = flags[key];
    file.set(profile, optionName(key, allOptions[key]), key.endsWith("File") ? resolve(io.cwd, String(value)) : value);
  }
}

async function statusRingCentral({ io }: Invocation, wiring: Wiring): Promise<number> {
  await using opened = await openRingCentral(wiring);
  const status = await opened.source.status(io.stop);
  const left = (ms: number | undefined) =>
    ms === undefined ? "unknown" : formatDuration(Math.max(0, ms - io.clock.now()));
  const company = { true: "reads the company's call log", false: "reads its own call log only", undefined: "unknown" }[
    `${status.companyCallLog}`
  ];
  const lines = [
    `user: ${status.name ?? "unknown"}, extension ${status.extension ?? status.user ?? "unknown"} (by ${status.login})`,
    `scopes: ${status.scopes.join(", ") || "none given"}`,
    `role: ${company}`,
    `token: ${left(status.expiresMs)} left`,
  ];
  if (status.jwtExpiresMs !== undefined) lines.push(`JWT: ${left(status.jwtExpiresMs)} left`);
  io.stdout.write(`${lines.join("\n")}\n`);
  for (const warning of status.warnings) io.stderr.write(`callreel: warning: ${warning}\n`);
  return 0;
}

async function logoutRingCentral({ io, settings }: Invocation, wiring: Wiring): Promise<number> {
  await using opened = await openRingCentral(wiring);
  await opened.source.logout(io.stop);
  (await secretsOf(io)).remove(secretNames(profileOf(settings)).ringcentral);
  io.stderr.write("Logged out: the session has ended and its tokens are deleted.\n");
  return 0;
}

async function openRingCentral(wiring: Wiring) {
  const { settings, io } = wiring;
  const http = openHttp(sourceHttpSettings("ringcentral", settings, io), wiring.logRequest);
  const open = await sources.ringcentral();
  const source = open(await ringcentralSettings(wiring), {
    http,
    clock: io.clock,
    random: io.random,
    report: wiring.report,
  });
  return {
    source,
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
    },
  };
}

/** Asks for what is missing, tries it once, and keeps it when TIM takes it. */
async function loginTim(invocation: Invocation, wiring: Wiring): Promise<number> {
  const { io, settings } = invocation;
  const noInput = settings.noInput ?? false;
  const url = settings.timUrl ?? (await ask("TIM's address: ", io, { noInput, instead: "give --tim-url" }));
  const user = settings.timUser ?? (await ask("TIM web user: ", io, { noInput, instead: "give --tim-user" }));
  const instead = "give --tim-password-file or TIM_PASSWORD";
  const password = (await ask("Password: ", io, { noInput, hidden: true, instead })).trim();
  wiring.keepSecret(password);
  const filled = { ...wiring, settings: { ...settings, timUrl: url, timUser: user, timPassword: password } };
  const code = await statusTim(invocation, filled);
  if (code !== 0) return code;
  await remember({ ...invocation, flags: { ...invocation.flags, timUrl: url, timUser: user } }, ["timUrl", "timUser"]);
  const secrets = await secretsOf(io);
  secrets.set(secretNames(profileOf(settings)).tim, password);
  io.stderr.write(`Saved in ${secrets.place}.\n`);
  return 0;
}

async function statusTim({ io }: Invocation, wiring: Wiring): Promise<number> {
  const { testTimLogin } = await import("../sources/tim/index.ts");
  await using http = openHttp(sourceHttpSettings("tim", wiring.settings, io), wiring.logRequest);
  const context = { http, clock: io.clock, random: io.random, report: wiring.report };
  const check = await testTimLogin(await timSettings(wiring), context, io.stop);
  io.stdout.write(`TIM: ${check.message}\n`);
  if (check.status === "failed" && check.remedy !== undefined) io.stderr.write(`callreel: ${check.remedy}\n`);
  return check.status === "failed" ? (check.exitCode ?? 7) : 0;
}

async function logoutTim({ io, settings }: Invocation): Promise<number> {
  const secrets = await secretsOf(io);
  secrets.remove(secretNames(profileOf(settings)).tim);
  io.stderr.write(`Logged out: the password is deleted from ${secrets.place}.\n`);
  return 0;
}
