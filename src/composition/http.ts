import { readFileSync } from "node:fs";
import type { Settings } from "../cli/config.ts";
import type { Io } from "../cli/io.ts";
import { mostTransfers } from "../cli/options/download.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { SourceName } from "../core/model/recording.ts";
import type { AddressRule } from "../http/address-guard.ts";
import type { HttpSettings, RequestLog } from "../http/client.ts";
import { proxyOf } from "../http/proxy.ts";
import { version } from "../platform/version.ts";

/** How a source's hosts are reached with one login's settings, and where its answers may lead. */
export function sourceHttpSettings(name: SourceName, settings: Settings, io: Io): HttpSettings {
  const addresses = addressRules[name](settings);
  return { ...httpSettingsOf(settings, io), ...(addresses === undefined ? {} : { addresses }) };
}

/** How hosts are reached that the user named himself, from the settings and the proxy variables. */
export function httpSettingsOf(settings: Settings, io: Io): HttpSettings {
  const { env } = io;
  const timeoutMs = settings.timeout ?? 60_000;
  return {
    connections: mostTransfers(settings.transfers) + 2,
    connectTimeoutMs: Math.min(timeoutMs, 15_000),
    timeoutMs,
    lowSpeed: { bytes: settings.lowSpeed ?? 100, overMs: settings.lowSpeedTime ?? 60_000 },
    userAgent: `callreel/${version()}`,
    ...(settings.caFile === undefined ? {} : { ca: readAuthorities(settings.caFile) }),
    ...(settings.insecure ? { insecure: true } : {}),
    ...(settings.tlsMinVersion === undefined ? {} : { minTlsVersion: tlsVersions[settings.tlsMinVersion] }),
    proxy: proxyOf(env),
  };
}

/** A source's own servers and the hosts that were named; beyond them nothing leads into networks that the source is not in. */
const addressRules: Readonly<Record<SourceName, (settings: Settings) => AddressRule | undefined>> = {
  ringcentral(settings) {
    const { server, mediaServer } = ringcentralHosts(settings);
    return { own: new URL(server).hostname, named: [new URL(mediaServer).hostname] };
  },
  tim({ timUrl, echoRewrite = [] }) {
    if (timUrl === undefined) return undefined;
    const named = echoRewrite.flatMap(({ name, value }) =>
      [name, value].map((host) => new URL(`http://${host}`).hostname),
    );
    return { own: new URL(timUrl).hostname, named, exception: "--echo-rewrite HOST=HOST" };
  },
};

/** RingCentral's API and media servers. `platform.` becomes `media.`: true for its own and its partners' hosts. */
export function ringcentralHosts(settings: Settings): { readonly server: string; readonly mediaServer: string } {
  const server = settings.server ?? "https://platform.ringcentral.com";
  return { server, mediaServer: settings.mediaServer ?? server.replace("://platform.", "://media.") };
}

const tlsVersions = { "1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3" } as const;

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new RecordingError("usage", `--ca-file: ${file} cannot be read.`, { cause: error });
  }
}

/** What wiring needs of a command: the settings, the world, and who hears events and requests. */
export interface Wiring {
  readonly settings: Settings;
  readonly io: Io;
  readonly report: (event: DownloadEvent) => void;
  readonly logRequest?: (entry: RequestLog) => void;
  /** Told every secret as soon as it is read, so that no output can hold it. */
  readonly keepSecret: (secret: string) => void;
  /** Owner of the profile's lease, where machines take turns with profiles. */
  readonly lease?: string | undefined;
}
