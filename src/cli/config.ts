import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, extname, join, resolve } from "node:path";
import { RecordingError } from "../core/model/errors.ts";
import { printable } from "../core/text.ts";
import { diskError } from "../platform/disk-error.ts";
import { readSecretFile, withoutQuotes } from "../platform/secrets.ts";
import { settleAlternatives } from "./alternatives.ts";
import { allOptions } from "./options/groups.ts";
import { envNames, faultOf, type OptionSpec, optionName, type ValuesOf } from "./options/option.ts";

/** Every setting, typed, absent where nobody gave it. */
export type Settings = ValuesOf<typeof allOptions>;

/** Where a value came from, for `config list` and for messages. */
export type Origin = string;

export interface Resolved {
  readonly settings: Settings;
  readonly origins: Readonly<Record<string, Origin>>;
}

/** Raw flag values as the command line gave them, by setting. */
export type RawFlags = Readonly<Record<string, string | readonly string[] | boolean | number | undefined>>;

type Env = Readonly<Record<string, string | undefined>>;
type ProfileValues = Readonly<Record<string, unknown>>;

/**
 * Settings in order flag, environment, profile; parsed once, each error naming where the value came from. A profile that
 * is not there is an error, unless it `mayBeNew`.
 */
export async function resolveSettings(
  flags: RawFlags,
  env: Env,
  profileName?: string,
  mayBeNew = false,
): Promise<Resolved> {
  const file = settingsPath(flags, env);
  const { name, values: profile } = await readProfile(file, profileName ?? firstProfile(flags, env), mayBeNew);
  const settings: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [key, spec] of Object.entries<OptionSpec<unknown>>(allOptions)) {
    const raw = rawValue(key, spec, flags, env, profile, `profile ${name} in ${file}`);
    if (raw === undefined) continue;
    settings[key] = parseRaw(optionName(key, spec), spec, raw);
    origins[key] = raw.origin;
  }
  settleAlternatives(settings, origins);
  const named = settings.profile as string[] | undefined;
  if (profileName !== undefined || named !== undefined) {
    settings.profile = [name, ...(profileName === undefined ? (named ?? []).slice(1) : [])];
  }
  return { settings: settings as Settings, origins };
}

interface Raw {
  readonly values: readonly string[];
  readonly origin: Origin;
}

function rawValue(
  key: string,
  spec: OptionSpec<unknown>,
  flags: RawFlags,
  env: Env,
  profile: ProfileValues,
  profileOrigin: string,
): Raw | undefined {
  const flag = flags[key];
  const name = optionName(key, spec);
  if (flag !== undefined) {
    if (spec.mayHoldPassword) for (const text of asTexts(flag)) refusePassword(name, text);
    return { values: asTexts(flag), origin: `--${name}` };
  }
  for (const variable of envNames(key, spec)) {
    const text = fromEnv(variable, env[variable]);
    if (text !== undefined && text !== "")
      return { values: spec.kind === "list" ? text.split(/[\n;]/) : [text], origin: variable };
  }
  const stored = profile[name];
  return stored === undefined ? undefined : { values: asTexts(stored), origin: profileOrigin };
}

/** Refuses a password in a URL on the command line; `name` is the setting that the URL stands for. */
export function refusePassword(name: string, text: string): void {
  if (!/^[a-z]+:\/\/[^/@]*:[^@]+@/i.test(text) && !/[?&]password=/i.test(text)) return;
  const twin = `CALLREEL_${name.toUpperCase().replaceAll("-", "_")}`;
  throw new RecordingError(
    "usage",
    `--${name} contains a password, which other users can see in the process list: give the URL as ${twin}, or the password as ${twin}_PASSWORD or with --${name}-password-file.`,
  );
}

/** Files of variables that are not read by a shell leave carriage returns and quotes around their values. */
function fromEnv(variable: string, text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed !== undefined && /^(?:RC|TIM)_/.test(variable) ? withoutQuotes(trimmed) : trimmed;
}

function asTexts(raw: unknown): string[] {
  return Array.isArray(raw) ? raw.map(String) : [String(raw)];
}

function parseRaw(name: string, spec: OptionSpec<unknown>, raw: Raw): unknown {
  try {
    const parsed = raw.values.map((text) => spec.parse(text));
    return spec.kind === "list" ? parsed : parsed.at(-1);
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    const where = raw.origin.startsWith("profile ") ? `${raw.origin}: ${name}` : raw.origin;
    throw new RecordingError("usage", faultOf(where, error.message));
  }
}

/** The profile that a command is about: the first that was named, else `default`. */
export function firstProfile(flags: RawFlags, env: Env): string {
  const given = flags.profile;
  const [named] = Array.isArray(given) ? given : (env.CALLREEL_PROFILE ?? "").split(/[\n;]/);
  return named?.trim() || "default";
}

/** The settings file: `--config`, `CALLREEL_CONFIG`, else the platform's own folder. */
export function settingsPath(flags: RawFlags, env: Env): string {
  const given = typeof flags.config === "string" ? flags.config : env.CALLREEL_CONFIG;
  return given === undefined ? join(configFolder(env), "config.json") : resolve(given);
}

/** Throws `usage` for a settings file that a flag names and that is not there: without it everything would be as nobody wanted it. */
export function requireSettingsFile({ config }: RawFlags): void {
  if (typeof config !== "string" || existsSync(config)) return;
  throw new RecordingError("usage", `--config: there is no settings file at ${printable(config)}.`);
}

function configFolder(env: Env): string {
  if (env.XDG_CONFIG_HOME) return join(env.XDG_CONFIG_HOME, "callreel");
  const home = env.HOME ?? homedir();
  if (process.platform === "darwin") return join(home, "Library", "Preferences", "callreel");
  if (process.platform === "win32") return join(env.APPDATA ?? join(home, "AppData", "Roaming"), "callreel");
  return join(home, ".config", "callreel");
}

/** Where tokens and the shared request budget live: one folder for all processes of the user. */
export function stateFolder(env: Env): string {
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, "callreel");
  const home = env.HOME ?? homedir();
  if (process.platform === "darwin") return join(home, "Library", "Application Support", "callreel");
  if (process.platform === "win32") return join(env.LOCALAPPDATA ?? join(home, "AppData", "Local"), "callreel");
  return join(home, ".local", "state", "callreel");
}

/** The stored profiles; also what `config` edits. */
export interface SettingsFile {
  readonly path: string;
  profiles(): readonly string[];
  values(profile: string): Record<string, unknown>;
  set(profile: string, name: string, value: unknown): void;
  remove(profile: string, name: string): void;
  /** Writes a whole profile in one step; without values it is deleted. */
  replace(profile: string, values: Readonly<Record<string, unknown>> | undefined): void;
}

/** Opens the settings file (0600) with conf; a broken one is an error that says where. */
export async function openSettingsFile(path: string): Promise<SettingsFile> {
  const { default: Conf } = await import("conf");
  const extension = extname(path);
  const open = () =>
    new Conf<Record<string, Record<string, unknown>>>({
      cwd: dirname(path),
      configName: basename(path, extension),
      fileExtension: extension.slice(1),
      projectName: "callreel",
      projectSuffix: "",
      configFileMode: 0o600,
      accessPropertiesByDotNotation: false,
      clearInvalidConfig: false,
    });
  let conf: ReturnType<typeof open>;
  try {
    conf = open();
  } catch (error) {
    throw new RecordingError(
      "usage",
      `${path} is not a valid settings file (${(error as Error).message}). Fix or delete it.`,
      { cause: error },
    );
  }
  const profiles = () => (conf.get("profiles") ?? {}) as Record<string, Record<string, unknown>>;
  const write = (all: Record<string, unknown>) => {
    try {
      conf.set("profiles", all);
    } catch (error) {
      throw diskError(error, path);
    }
  };
  const change = (profile: string, edit: (values: Record<string, unknown>) => void) => {
    const all = profiles();
    const values = all[profile] ?? {};
    edit(values);
    write({ ...all, [profile]: values });
  };
  return {
    path,
    profiles: () => Object.keys(profiles()),
    values: (profile) => profiles()[profile] ?? {},
    set: (profile, name, value) => change(profile, (values) => Object.assign(values, { [name]: value })),
    remove: (profile, name) =>
      change(profile, (values) => {
        delete values[name];
      }),
    replace(profile, values) {
      const { [profile]: _, ...others } = profiles();
      write(values === undefined ? others : { ...others, [profile]: values });
    },
  };
}

async function readProfile(
  path: string,
  asked: string,
  mayBeNew: boolean,
): Promise<{ readonly name: string; readonly values: ProfileValues }> {
  const file = existsSync(path) ? await openSettingsFile(path) : undefined;
  const profiles = file?.profiles() ?? [];
  const name = knownProfile(asked, profiles);
  if (file === undefined || !profiles.includes(name)) {
    if (name === "default" || mayBeNew) return { name, values: {} };
    throw unknownProfile(name, path, profiles);
  }
  const values = file.values(name);
  const known = new Set(Object.entries<OptionSpec<unknown>>(allOptions).map(([key, spec]) => optionName(key, spec)));
  const unknown = Object.keys(values).find((key) => !known.has(key));
  if (unknown !== undefined) {
    throw new RecordingError(
      "usage",
      `${path}: profile ${name} has an unknown setting "${unknown}"; run callreel config list to see the known ones.`,
    );
  }
  return { name, values };
}

/** The profile that a name means: the one written so, else the only one that differs in capitals alone, else the name itself. */
export function knownProfile(name: string, profiles: readonly string[]): string {
  if (profiles.includes(name)) return name;
  const alike = [...profiles, "default"].filter((each) => each.toLowerCase() === name.toLowerCase());
  return new Set(alike).size === 1 ? (alike[0] as string) : name;
}

/** The error for a profile that is not in the file. */
export function unknownProfile(name: string, path: string, known: readonly string[]): RecordingError {
  const list = known.length === 0 ? "there are none yet" : `the profiles are ${known.join(", ")}`;
  return new RecordingError(
    "usage",
    `There is no profile "${name}" in ${path}: ${list}. callreel setup --profile ${name} makes one.`,
  );
}

/** A secret from its own setting, else from the file that holds it; blanks and line breaks around it are not part of it. */
export function readSecret(direct: string | undefined, file: string | undefined, what: string): string | undefined {
  return file === undefined ? direct?.trim() : readSecretFile(file, what);
}
