import { openSettingsFile, resolveSettings, type SettingsFile, settingsPath } from "../cli/config.ts";
import type { Invocation } from "../cli/io.ts";
import { allOptions } from "../cli/options/groups.ts";
import { type OptionSpec, optionName } from "../cli/options/option.ts";
import { RecordingError } from "../core/model/errors.ts";

/** `config get|set|unset|list|path`: the settings a profile holds, and which value wins from where. */
export async function config(invocation: Invocation): Promise<number> {
  const { io, args, flags } = invocation;
  const [verb, name, ...values] = args;
  const path = settingsPath(flags, io.env);
  const profile = firstOf(flags.profile) ?? io.env.CALLREEL_PROFILE ?? "default";
  const print = (line: string) => io.stdout.write(`${line}\n`);
  if (verb === "path") print(path);
  else if (verb === "list") await listSettings(invocation, profile, print);
  else if (verb === "get") print(await getSetting(invocation, profile, required(name, "get")));
  else if (verb === "set") setSetting(await openSettingsFile(path), profile, required(name, "set"), values);
  else if (verb === "unset") (await openSettingsFile(path)).remove(profile, knownName(required(name, "unset")).name);
  else
    throw new RecordingError("usage", `config ${verb ?? ""}: say get NAME, set NAME VALUE, unset NAME, list or path.`);
  return 0;
}

function firstOf(flag: unknown): string | undefined {
  return Array.isArray(flag) ? String(flag[0]) : undefined;
}

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

function setSetting(file: SettingsFile, profile: string, name: string, values: readonly string[]): void {
  const { spec, name: known } = knownName(name);
  if (spec.secret) {
    throw new RecordingError(
      "usage",
      `${name} is a secret: keep it in a file and set its …-file setting, or use callreel auth login.`,
    );
  }
  if (values.length === 0) throw new RecordingError("usage", `config set ${name} needs a value.`);
  for (const value of values) checkValue(known, spec, value);
  file.set(profile, known, spec.kind === "list" ? values : values.join(" "));
}

function checkValue(name: string, spec: OptionSpec<unknown>, value: string): void {
  try {
    spec.parse(value);
  } catch (error) {
    throw new RecordingError("usage", `${name}: ${(error as Error).message}`);
  }
}

function knownName(name: string): { key: string; name: string; spec: OptionSpec<unknown> } {
  for (const [key, spec] of Object.entries<OptionSpec<unknown>>(allOptions)) {
    if (optionName(key, spec) === name || key === name) return { key, name: optionName(key, spec), spec };
  }
  throw new RecordingError("usage", `There is no setting "${name}"; callreel config list shows the known ones.`);
}
