import { readSecret, type Settings, stateFolder } from "../config.ts";
import { RecordingError } from "../core/errors.ts";
import type { Source } from "../core/ports.ts";
import type { SourceName } from "../core/recording.ts";
import { type Http, openHttp } from "../http.ts";
import type { Io } from "../io.ts";
import { proxyFor } from "../proxy.ts";
import { openSecrets, type Secrets } from "../secrets.ts";
import { sources } from "../sources/index.ts";
import type { RingCentralSettings } from "../sources/ringcentral/settings.ts";
import type { TimSettings } from "../sources/tim/settings.ts";
import type { Wiring } from "./context.ts";
import { httpSettingsOf, ringcentralHosts, sourceHttpSettings } from "./http.ts";

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
      ? (await sources.ringcentral())(ringcentralSettings(wiring), context)
      : (await sources.tim())(await timSettings(wiring), context);
  return { source, http };
}

/** RingCentral's part of the settings, secrets read. */
export function ringcentralSettings({ settings, io, keepSecret }: Wiring): RingCentralSettings {
  const secret = (direct: string | undefined, file: string | undefined, what: string) => {
    const read = readSecret(direct, file, what);
    if (read !== undefined) keepSecret(read);
    return read;
  };
  const clientSecret = secret(settings.clientSecret, settings.clientSecretFile, "--client-secret-file");
  const jwt = secret(settings.jwt, settings.jwtFile, "--jwt-file");
  const accessToken = secret(settings.accessToken, settings.accessTokenFile, "--access-token-file");
  return {
    ...ringcentralHosts(settings),
    clientId: settings.clientId ?? "",
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(jwt === undefined ? {} : { jwt }),
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(settings.rate === undefined ? {} : { ratePerMinute: settings.rate }),
    ...(settings.retries === undefined ? {} : { retries: settings.retries }),
    stateDir: stateFolder(io.env),
    ...(settings.output?.includes("{user}") ? { users: true } : {}),
    profile: settings.profile?.[0] ?? "default",
    redirectPort: settings.redirectPort ?? 8710,
  };
}

/** TIM's part of the settings, the password read. */
export async function timSettings({ settings, io, keepSecret }: Wiring): Promise<TimSettings> {
  if (settings.timUrl === undefined) {
    throw new RecordingError("usage", "TIM's address is missing: give --tim-url or TIM_URL (http://tim.example).");
  }
  const password =
    readSecret(settings.timPassword, settings.timPasswordFile, "--tim-password-file") ??
    (await secretsOf(io)).get(timPasswordName(settings));
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

/** Passwords that `auth login` kept. */
export function secretsOf(io: Io): Promise<Secrets> {
  return openSecrets(stateFolder(io.env));
}

/** Under which name the password of this profile's TIM user is kept. */
export function timPasswordName({ profile }: Settings): string {
  return `tim-password:${profile?.[0] ?? "default"}`;
}

/** The source of a command that needs exactly one. */
export function requiredSource(settings: Settings): SourceName {
  if (settings.source !== undefined) return settings.source;
  const rc = settings.clientId !== undefined || settings.accessToken !== undefined;
  const tim = settings.timUrl !== undefined;
  if (rc !== tim) return rc ? "ringcentral" : "tim";
  throw new RecordingError("usage", "Say which system: --source ringcentral or --source tim.");
}
