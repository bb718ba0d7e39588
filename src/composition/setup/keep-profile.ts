import { resolve } from "node:path";
import type { Settings, SettingsFile } from "../../cli/config.ts";
import type { Io } from "../../cli/io.ts";
import { allOptions } from "../../cli/options/groups.ts";
import { type OptionSpec, type OptionTable, optionName } from "../../cli/options/option.ts";
import { ringcentralOptions, timOptions, tlsOptions } from "../../cli/options/sources.ts";
import type { SourceName } from "../../core/model/recording.ts";
import type { Secrets } from "../../platform/secrets.ts";
import { isBucket } from "../archive.ts";
import { keptText, profileOf, secretNames } from "../kept-logins.ts";

/** The settings of a login to each system. */
export const systemOptions: Readonly<Record<SourceName, OptionTable>> = {
  ringcentral: ringcentralOptions,
  tim: timOptions,
};

interface Kept {
  readonly name: SourceName;
  readonly settings: Settings;
  readonly file: SettingsFile;
  readonly secrets: Secrets;
  readonly io: Io;
}

/**
 * Writes a login into its profile: secrets to where secrets are kept, all else into the settings file in one step. Where
 * that fails the secrets are as they were before: there is no profile with half of its login. Returns whether there were secrets.
 */
export function keepProfile({ name, settings, file, secrets, io }: Kept): boolean {
  const profile = profileOf(settings);
  const secretName = secretNames(profile)[name];
  const before = secrets.get(secretName);
  const secret = secretOf(name, settings);
  write(secrets, secretName, secret);
  try {
    file.replace(profile, profileValues(name, settings, file.values(profile), io));
  } catch (error) {
    write(secrets, secretName, before);
    throw error;
  }
  return secret !== undefined;
}

function write(secrets: Secrets, name: string, secret: string | undefined): void {
  if (secret === undefined) secrets.remove(name);
  else secrets.set(name, secret);
}

/** What is to be kept as a secret: nothing where files hold it. */
function secretOf(name: SourceName, settings: Settings): string | undefined {
  if (name === "tim") return settings.timPasswordFile === undefined ? settings.timPassword : undefined;
  const clientSecret = settings.clientSecretFile === undefined ? settings.clientSecret : undefined;
  const jwt = settings.jwtFile === undefined ? settings.jwt : undefined;
  if (clientSecret === undefined && jwt === undefined) return undefined;
  return keptText(settings, { ...(clientSecret && { clientSecret }), ...(jwt && { jwt }) });
}

/** What the profile holds besides stays; the system's settings are exactly those in effect. */
function profileValues(name: SourceName, settings: Settings, before: Readonly<Record<string, unknown>>, io: Io) {
  const values: Record<string, unknown> = { ...before };
  for (const [key, spec] of Object.entries({ ...systemOptions[name], ...tlsOptions } as OptionTable)) {
    const value = settings[key as keyof Settings];
    delete values[optionName(key, spec)];
    if (value !== undefined && !spec.secret) values[optionName(key, spec)] = stored(key, spec, value);
  }
  const { dest } = settings;
  if (dest !== undefined) values[optionName("dest", allOptions.dest)] = absolute(dest, io);
  for (const key of [...ledgerKeys, ...(isBucket(settings) ? bucketKeys : [])]) {
    const value = settings[key];
    delete values[optionName(key, allOptions[key])];
    if (value !== undefined) values[optionName(key, allOptions[key])] = keptOfArchive(key, value, io);
  }
  return values;
}

/** Where the ledger is that is not beside the recordings. */
export const ledgerKeys = ["ledger", "ledgerPasswordFile"] as const;
/** How a bucket is reached and filled. */
export const bucketKeys = ["s3Endpoint", "s3Region", "s3ObjectLock", "s3Sse", "s3StorageClass", "spool"] as const;

type ArchiveKey = (typeof ledgerKeys)[number] | (typeof bucketKeys)[number];

/** As the settings file writes it; never with a password. */
function keptOfArchive(key: ArchiveKey, value: NonNullable<Settings[ArchiveKey]>, io: Io): string {
  if (typeof value !== "string") return `${value.mode.toLowerCase()}:${value.keep}`;
  if (key === "spool") return absolute(value, io);
  if (key !== "ledger") return value;
  return hasPassword(value) ? withoutPassword(value) : absolute(value, io);
}

/** Whether a database's address has a password in it. */
export function hasPassword(address: string): boolean {
  return URL.canParse(address) && new URL(address).password !== "";
}

function withoutPassword(address: string): string {
  const url = new URL(address);
  url.password = "";
  return url.href;
}

/** As the settings file writes it. */
function stored(key: string, { kind }: OptionSpec<unknown>, value: unknown): unknown {
  if (kind === "list") {
    return (value as { name: string; value: string }[]).map((pair) => `${pair.name}=${pair.value}`);
  }
  return key === "linkMaxAge" ? `${value}ms` : String(value);
}

/** The settings with every file as a whole path: what is checked is what is kept. */
export function withWholePaths(settings: Settings, io: Io): Settings {
  const files = Object.entries(settings).filter(([key, value]) => key.endsWith("File") && typeof value === "string");
  return { ...settings, ...Object.fromEntries(files.map(([key, value]) => [key, absolute(value as string, io)])) };
}

/** A folder or file as one that is the same from wherever a command is started; addresses stay as they are. */
export function absolute(path: string, { cwd, env }: Io): string {
  if (/^[a-z][a-z0-9+]*:\/\//i.test(path)) return path;
  return resolve(cwd, path.replace(/^~(?=$|\/)/, env.HOME ?? "~"));
}
