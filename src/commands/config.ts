import {
  firstProfile,
  knownProfile,
  openSettingsFile,
  resolveSettings,
  type SettingsFile,
  settingsPath,
} from "../cli/config.ts";
import type { Invocation } from "../cli/io.ts";
import { allOptions } from "../cli/options/groups.ts";
import { faultOf, type OptionSpec, optionName } from "../cli/options/option.ts";
import { formatTable, tableWidth } from "../cli/table.ts";
import type { ProfileSummary } from "../composition/profiles.ts";
import { RecordingError } from "../core/model/errors.ts";

/** `config get|set|unset|list|path|profiles`: the settings a profile holds, which value wins from where, and the profiles. */
export async function config(invocation: Invocation): Promise<number> {
  const { io, args, flags } = invocation;
  const [given, name, ...values] = args;
  const verb = given?.toLowerCase();
  const path = settingsPath(flags, io.env);
  const profile = firstProfile(flags, io.env);
  const print = (line: string) => io.stdout.write(`${line}\n`);
  if (verb === "path") print(path);
  else if (verb === "list") await listSettings(invocation, profile, print);
  else if (verb === "get") print(await getSetting(invocation, profile, required(name, "get")));
  else if (verb === "set") setSetting(await openSettingsFile(path), profile, required(name, "set"), values);
  else if (verb === "unset") unsetSetting(await openSettingsFile(path), profile, required(name, "unset"));
  else if (verb === "profiles") await profiles(invocation, name?.toLowerCase(), values);
  else {
    const known = "get NAME, set NAME VALUE, unset NAME, list, path or profiles";
    throw new RecordingError("usage", `config ${given ?? ""}: say ${known}.`);
  }
  return 0;
}

/** `config profiles [list] | copy FROM TO | delete NAME`. */
async function profiles(invocation: Invocation, verb = "list", names: readonly string[]): Promise<void> {
  const { io, flags } = invocation;
  const stored = await (await import("../composition/profiles.ts")).openProfiles(invocation);
  const [name, other, ...rest] = names;
  const count = { list: 0, copy: 2, delete: 1 }[verb];
  if (count === undefined || names.length !== count || rest.length > 0) {
    throw new RecordingError("usage", "config profiles takes list (the default), copy FROM TO or delete NAME.");
  }
  if (verb === "copy") {
    await stored.copy(name as string, other as string);
    io.stderr.write(`Profile ${other} begins as a copy of ${name}, with its secrets.\n`);
  } else if (verb === "delete") {
    const gone = await stored.remove(name as string);
    io.stderr.write(`Deleted profile ${gone} and its secrets; recordings are not touched.\n`);
  } else {
    const all = await stored.list();
    if (flags.json) for (const each of all) io.stdout.write(`${JSON.stringify(each)}\n`);
    else if (all.length > 0) io.stdout.write(formatTable(all, profileColumns, tableWidth(io.stdout)));
    else io.stderr.write("There are no profiles yet; callreel setup makes one.\n");
  }
}

const profileColumns = [
  { title: "PROFILE", value: ({ profile }: ProfileSummary) => profile },
  { title: "SYSTEM", value: ({ systems }: ProfileSummary) => systems.join(", ") || "-" },
  { title: "LOGIN", value: ({ login }: ProfileSummary) => login || "-" },
  { title: "ARCHIVE", value: ({ dest }: ProfileSummary) => dest ?? "./recordings" },
];

function required(name: string | undefined, verb: string): string {
  if (name === undefined)
    throw new RecordingError("usage", `config ${verb} needs a setting's name; callreel config list shows them.`);
  return name;
}

/** Every setting that has a value, and where it came from; secrets are named, never shown. */
async function listSettings({ io, flags }: Invocation, profile: string, print: (line: string) => void): Promise<void> {
  const { settings, origins } = await resolveSettings(flags, io.env, profile);
  const entries = Object.entries<OptionSpec<unknown>>(allOptions);
  for (const [key, spec] of entries) {
    const origin = origins[key];
    if (origin === undefined) continue;
    const value = spec.secret ? "(secret)" : shown(settings[key as keyof typeof settings]);
    print(`${optionName(key, spec)} = ${value}    (${origin})`);
  }
  const unset = entries.filter(([key, spec]) => origins[key] === undefined && !spec.secret);
  const known = unset.map(([key, spec]) => optionName(key, spec)).join(", ");
  print(`not set: ${known}`);
}

function shown(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

async function getSetting({ io, flags }: Invocation, profile: string, name: string): Promise<string> {
  const { key, spec } = knownName(name);
  if (spec.secret) throw new RecordingError("usage", `${name} is a secret and is never shown.`);
  const { settings } = await resolveSettings(flags, io.env, profile);
  const value = settings[key as keyof typeof settings];
  if (value === undefined) throw new RecordingError("usage", `${name} is not set.`);
  return shown(value);
}

function unsetSetting(file: SettingsFile, profile: string, name: string): void {
  file.remove(knownProfile(profile, file.profiles()), knownName(name).name);
}

function setSetting(file: SettingsFile, profile: string, name: string, values: readonly string[]): void {
  const { spec, name: known } = knownName(name);
  if (spec.secret) {
    throw new RecordingError(
      "usage",
      `${name} is a secret: keep it in a file and set its …-file setting, or use callreel setup or auth login.`,
    );
  }
  if (values.length === 0) throw new RecordingError("usage", `config set ${name} needs a value.`);
  for (const value of values) checkValue(known, spec, value);
  file.set(knownProfile(profile, file.profiles()), known, spec.kind === "list" ? values : values.join(" "));
}

function checkValue(name: string, spec: OptionSpec<unknown>, value: string): void {
  try {
    spec.parse(value);
  } catch (error) {
    throw new RecordingError("usage", faultOf(name, (error as Error).message));
  }
}

function knownName(name: string): { key: string; name: string; spec: OptionSpec<unknown> } {
  for (const [key, spec] of Object.entries<OptionSpec<unknown>>(allOptions)) {
    if (optionName(key, spec) === name.toLowerCase() || key === name) return { key, name: optionName(key, spec), spec };
  }
  throw new RecordingError("usage", `There is no setting "${name}"; run callreel config list to see the known ones.`);
}
