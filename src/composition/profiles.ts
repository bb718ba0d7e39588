import {
  knownProfile,
  openSettingsFile,
  resolveSettings,
  type Settings,
  type SettingsFile,
  settingsPath,
  unknownProfile,
} from "../cli/config.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Secrets } from "../platform/secrets.ts";
import { forgetSession, type RingCentralSettings, shareLogin } from "../sources/ringcentral/index.ts";
import { secretNames, secretsOf } from "./kept-logins.ts";
import { checkedName, hasLoginOf } from "./setup/profile-questions.ts";
import { ringcentralSettings } from "./sources.ts";

/** The stored profiles, and what `config profiles` does to them. */
export interface Profiles {
  /** What can be told of each; never a secret. */
  list(): Promise<readonly ProfileSummary[]>;
  /** Begins another profile with the settings, secrets and browser login of one that there is; `usage` where the name is taken. */
  copy(from: string, to: string): Promise<void>;
  /** Forgets a profile with its secrets and, unless another profile uses it, its session on this machine. Returns its name. */
  remove(name: string): Promise<string>;
}

export interface ProfileSummary {
  readonly profile: string;
  readonly systems: readonly string[];
  readonly login: string;
  readonly dest: string | undefined;
}

export async function openProfiles({ flags, io }: Invocation): Promise<Profiles> {
  const file = await openSettingsFile(settingsPath(flags, io.env));
  const secrets = await secretsOf(io);
  const known = (name: string) => {
    const found = knownProfile(name, file.profiles());
    if (!file.profiles().includes(found)) throw unknownProfile(name, file.path, file.profiles());
    return found;
  };
  return {
    list: async () => file.profiles().map((profile) => summaryOf(profile, file.values(profile), secrets)),
    async copy(from, to) {
      const source = known(from);
      const target = checkedName(to);
      if (file.profiles().includes(knownProfile(target, file.profiles()))) {
        throw new RecordingError(
          "usage",
          `There is a profile "${knownProfile(target, file.profiles())}" already; delete it first.`,
        );
      }
      const login = await loginOf(source, file, io);
      copySecrets(source, target, secrets);
      file.replace(target, file.values(source));
      if (login !== undefined) shareLogin(login, target);
    },
    async remove(name) {
      const profile = known(name);
      const others = file.profiles().filter((each) => each !== profile);
      const login = await loginOf(profile, file, io);
      const logins = await Promise.all(others.map((each) => loginOf(each, file, io)));
      if (login !== undefined)
        forgetSession(
          login,
          logins.filter((each) => each !== undefined),
        );
      for (const secret of Object.values(secretNames(profile))) secrets.remove(secret);
      file.replace(profile, undefined);
      return profile;
    },
  };
}

function summaryOf(profile: string, values: Readonly<Record<string, unknown>>, secrets: Secrets): ProfileSummary {
  const logins: [string, string][] = [];
  if (hasLoginOf("ringcentral", values)) {
    const kept = secrets.get(secretNames(profile).ringcentral);
    const jwt = values["jwt-file"] !== undefined || values.jwt !== undefined || kept?.includes('"jwt":') === true;
    logins.push(["RingCentral", `${jwt ? "JWT" : "browser"}, app ${values["client-id"]}`]);
  }
  if (hasLoginOf("tim", values))
    logins.push(["TIM Enterprise", `${values["tim-user"] ?? "?"} at ${values["tim-url"]}`]);
  return {
    profile,
    systems: logins.map(([system]) => system),
    login: logins.map(([, login]) => login).join("; "),
    dest: typeof values.dest === "string" ? values.dest : undefined,
  };
}

/** A profile's RingCentral login by the profile alone, whatever the environment says; undefined where it has none that can be read. */
async function loginOf(profile: string, file: SettingsFile, io: Io): Promise<RingCentralSettings | undefined> {
  if (!hasLoginOf("ringcentral", file.values(profile))) return undefined;
  try {
    const { settings } = await resolveSettings({ config: file.path }, {}, profile);
    return await ringcentralSettings({ settings: settings as Settings, io, report: () => {}, keepSecret: () => {} });
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    io.stderr.write(`callreel: warning: the session of profile ${profile} could not be read: ${error.message}\n`);
    return undefined;
  }
}

function copySecrets(from: string, to: string, secrets: Secrets): void {
  for (const system of ["tim", "ringcentral"] as const) {
    const secret = secrets.get(secretNames(from)[system]);
    if (secret === undefined) secrets.remove(secretNames(to)[system]);
    else secrets.set(secretNames(to)[system], secret);
  }
}
