import { readSecret, type Settings, stateFolder } from "../cli/config.ts";
import type { Invocation } from "../cli/io.ts";
import { poolLinks } from "../core/download/source-pool.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { LinkSource, Source, Streamer } from "../core/model/ports.ts";
import type { SourceName } from "../core/model/recording.ts";
import { type Http, openHttp } from "../http/client.ts";
import { proxyFor } from "../http/proxy.ts";
import { sources } from "../sources/index.ts";
import type { RingCentralSettings } from "../sources/ringcentral/settings.ts";
import type { TimSettings } from "../sources/tim/settings.ts";
import { httpSettingsOf, ringcentralHosts, sourceHttpSettings, type Wiring } from "./http.ts";
import { keptRingCentral, profileOf, secretNames, secretsOf } from "./kept-logins.ts";
import { missingLogin } from "./missing-login.ts";
import { wireSharedState } from "./shared-state.ts";

/** The sources of a run, with the HTTP clients that fetch the audio of each one's logins. */
export interface SourceSet extends AsyncDisposable {
  /** Each system's rows and listing: those of its first login. */
  readonly sources: ReadonlyMap<SourceName, Source>;
  /** Each system's links, from all of its logins. */
  readonly links: ReadonlyMap<SourceName, LinkSource>;
  readonly streamers: Readonly<Partial<Record<SourceName, readonly Streamer[]>>>;
  /** The source, or a `usage` error that says which settings are missing. */
  required(name: SourceName): Source;
}

/** Opens every source that the settings have a login for; with several profiles, their logins share the work. */
export async function openSources(invocation: Invocation, wiring: Omit<Wiring, "settings">): Promise<SourceSet> {
  const sources = new Map<SourceName, Source>();
  const links = new Map<SourceName, LinkSource>();
  const streamers: Partial<Record<SourceName, readonly Streamer[]>> = {};
  const opened: WiredSource[] = [];
  for (const [name, settings] of await loginsOf(invocation)) {
    const logins: WiredSource[] = [];
    for (const each of settings)
      logins.push(await wireSource(name, { ...wiring, settings: each, lease: invocation.lease }));
    const [first, ...others] = logins;
    if (first === undefined) continue;
    opened.push(...logins);
    streamers[name] = logins.map(({ http }) => http);
    sources.set(name, first.source);
    links.set(
      name,
      others.length === 0 ? first.source : poolLinks([first.source, ...others.map((each) => each.source)]),
    );
  }
  return {
    sources,
    links,
    streamers,
    required(name) {
      const source = sources.get(name);
      if (source === undefined) throw missingLogin(name);
      return source;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((each) => each.source[Symbol.asyncDispose]()));
      await Promise.all(opened.map((each) => each.http[Symbol.asyncDispose]()));
    },
  };
}

/** The settings of each login to each source, in the order in which links name them. */
export async function loginsOf(
  invocation: Invocation,
): Promise<readonly (readonly [SourceName, readonly Settings[]])[]> {
  const profiles = await profileSettings(invocation);
  return wantedSources(invocation.settings).map((name) => [name, profiles.filter((each) => hasLogin(name, each))]);
}

async function profileSettings({ settings, underProfile }: Invocation): Promise<Settings[]> {
  const further = settings.profile?.slice(1) ?? [];
  return [settings, ...(await Promise.all(further.map(underProfile)))];
}

function wantedSources(settings: Settings): readonly SourceName[] {
  return settings.source === undefined ? ["ringcentral", "tim"] : [settings.source];
}

function hasLogin(name: SourceName, settings: Settings): boolean {
  if (name === "tim") return settings.timUrl !== undefined;
  return (
    settings.clientId !== undefined || settings.accessToken !== undefined || settings.accessTokenFile !== undefined
  );
}

/** Refuses work without a login to any system that it may need (`usage`), before anything is made on disk. */
export function refuseWithoutLogin({ sources, required }: SourceSet, { source }: Settings): void {
  if (sources.size > 0) return;
  if (source !== undefined) required(source);
  throw new RecordingError(
    "usage",
    "No system has a login yet: run callreel setup, or set RC_APP_CLIENT_ID, RC_APP_CLIENT_SECRET and RC_USER_JWT for RingCentral, TIM_URL, TIM_USERNAME and TIM_PASSWORD for TIM Enterprise.",
  );
}

/** The requests a minute that the first source with such a limit allows: for an honest time left. */
export function ratePerMinute({ links }: SourceSet): number | undefined {
  const rates = [...links.values()].map((source) => source.ratePerMinute?.());
  return rates.find((rate) => rate !== undefined);
}

/** A source and the HTTP client its audio goes through. */
export interface WiredSource {
  readonly source: Source;
  readonly http: Http;
}

/** Opens a source with its own HTTP client. Asks nobody anything yet. */
export async function wireSource(name: SourceName, wiring: Wiring): Promise<WiredSource> {
  const { io, report } = wiring;
  const http = openHttp(sourceHttpSettings(name, wiring.settings, io), wiring.logRequest);
  const context = { http, clock: io.clock, random: io.random, report };
  const source =
    name === "ringcentral"
      ? (await sources.ringcentral())(await ringcentralSettings(wiring), {
          ...context,
          ...(await wireSharedState(wiring)),
        })
      : (await sources.tim())(await timSettings(wiring), context);
  return { source, http };
}

/**
 * RingCentral's part of the settings, secrets read: given ones, else what is kept for the profile's app. An empty JWT says
 * that there is none, whatever is kept.
 */
export async function ringcentralSettings({ settings, io, keepSecret }: Wiring): Promise<RingCentralSettings> {
  const given = {
    clientSecret: readSecret(settings.clientSecret, settings.clientSecretFile, "--client-secret-file"),
    jwt: readSecret(settings.jwt, settings.jwtFile, "--jwt-file"),
    accessToken: readSecret(settings.accessToken, settings.accessTokenFile, "--access-token-file"),
  };
  const complete = given.accessToken !== undefined || (given.clientSecret !== undefined && given.jwt !== undefined);
  const kept = complete ? {} : await keptRingCentral(settings, io);
  const { clientSecret = kept.clientSecret, jwt = kept.jwt, accessToken } = given;
  for (const each of [clientSecret, jwt, accessToken]) if (each) keepSecret(each);
  return {
    ...ringcentralHosts(settings),
    clientId: settings.clientId ?? "",
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(jwt === undefined || jwt === "" ? {} : { jwt }),
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(settings.rate === undefined ? {} : { ratePerMinute: settings.rate }),
    ...(settings.retries === undefined ? {} : { retries: settings.retries }),
    stateDir: stateFolder(io.env),
    ...(settings.output?.includes("{user}") ? { users: true } : {}),
    ...(settings.kinds === undefined ? {} : { kinds: settings.kinds }),
    ...(settings.insights === undefined ? {} : { insights: settings.insights }),
    profile: profileOf(settings),
    redirectPort: settings.redirectPort ?? 8710,
  };
}

/** TIM's part of the settings, the password read. */
export async function timSettings({ settings, io, keepSecret }: Wiring): Promise<TimSettings> {
  if (settings.timUrl === undefined) {
    throw new RecordingError(
      "usage",
      "There is no TIM address: give --tim-url or set TIM_URL (for example https://tim.example).",
    );
  }
  const password =
    readSecret(settings.timPassword, settings.timPasswordFile, "--tim-password-file") ??
    (await secretsOf(io)).get(secretNames(profileOf(settings)).tim);
  if (password !== undefined) keepSecret(password);
  const proxy = proxyFor(new URL(settings.timUrl), httpSettingsOf(settings, io).proxy ?? {});
  return {
    url: settings.timUrl,
    ...(proxy === undefined ? {} : { proxy }),
    user: settings.timUser ?? "",
    password: password ?? "",
    format: settings.format ?? "wav",
    linkMaxAgeMs: settings.linkMaxAge ?? 50_000,
    stateDir: stateFolder(io.env),
    auth: settings.timAuth ?? "auto",
    resumable: settings.echoResume ?? false,
    echoAuth: settings.echoAuth ?? false,
    echoRewrite: (settings.echoRewrite ?? []).map(({ name, value }) => ({ from: name, to: value })),
    ...(settings.timUrlTemplate === undefined ? {} : { urlTemplate: settings.timUrlTemplate }),
  };
}

/** The source of a command that needs exactly one. */
export function requiredSource(settings: Settings): SourceName {
  if (settings.source !== undefined) return settings.source;
  const rc = settings.clientId !== undefined || settings.accessToken !== undefined;
  const tim = settings.timUrl !== undefined;
  if (rc !== tim) return rc ? "ringcentral" : "tim";
  const none = rc ? "" : "No system has a login yet: run callreel setup. ";
  throw new RecordingError("usage", `${none}Give the system: --source ringcentral or --source tim.`);
}
