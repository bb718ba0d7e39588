/*
 * What a person typed into `setup` or `auth login` is kept apart from the settings file, per profile: TIM's password, and
 * RingCentral's client secret and JWT, which are used with the app and server alone that they were kept for.
 */

import { type Settings, stateFolder } from "../cli/config.ts";
import type { Io } from "../cli/io.ts";
import { parseJson } from "../core/exact-json.ts";
import { openSecrets, type Secrets } from "../platform/secrets.ts";
import { ringcentralHosts } from "./http.ts";

/** What an app of RingCentral logs in with. */
export interface RingCentralSecrets {
  readonly clientSecret?: string;
  readonly jwt?: string;
}

/** Where passwords and other secrets of profiles are kept. */
export function secretsOf(io: Io): Promise<Secrets> {
  return openSecrets(stateFolder(io.env));
}

/** Under which names the secrets of a profile are kept. */
export function secretNames(profile: string): { readonly tim: string; readonly ringcentral: string } {
  return { tim: `tim-password:${profile}`, ringcentral: `ringcentral:${profile}` };
}

/** The profile that the settings were resolved under. */
export function profileOf({ profile }: Settings): string {
  return profile?.[0] ?? "default";
}

/** The text to keep for a profile's RingCentral login. */
export function keptText(settings: Settings, { clientSecret, jwt }: RingCentralSecrets): string {
  return JSON.stringify({ ...appOf(settings), clientSecret, jwt });
}

/** What was kept for this profile, app and server; nothing where it was for another. */
export async function keptRingCentral(settings: Settings, io: Io): Promise<RingCentralSecrets> {
  if (settings.clientId === undefined) return {};
  const text = (await secretsOf(io)).get(secretNames(profileOf(settings)).ringcentral);
  const parsed = text === undefined ? undefined : parseJson(text);
  const kept = (typeof parsed === "object" && parsed !== null ? parsed : {}) as Record<string, unknown>;
  const { server, clientId } = appOf(settings);
  if (kept.server !== server || kept.clientId !== clientId) return {};
  return {
    ...(typeof kept.clientSecret === "string" ? { clientSecret: kept.clientSecret } : {}),
    ...(typeof kept.jwt === "string" ? { jwt: kept.jwt } : {}),
  };
}

/** After a browser login: a JWT that is kept for the profile's app would win over it. */
export async function forgetKeptJwt(settings: Settings, io: Io): Promise<void> {
  const { jwt, clientSecret } = await keptRingCentral(settings, io);
  if (jwt === undefined) return;
  const secrets = await secretsOf(io);
  const name = secretNames(profileOf(settings)).ringcentral;
  if (clientSecret === undefined) secrets.remove(name);
  else secrets.set(name, keptText(settings, { clientSecret }));
}

function appOf(settings: Settings) {
  return { server: new URL(ringcentralHosts(settings).server).origin, clientId: settings.clientId };
}
