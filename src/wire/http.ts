import { readFileSync } from "node:fs";
import type { AddressRule } from "../address-guard.ts";
import type { Settings } from "../config.ts";
import { RecordingError } from "../core/errors.ts";
import type { SourceName } from "../core/recording.ts";
import type { HttpSettings } from "../http.ts";
import type { Io } from "../io.ts";
import { proxyOf } from "../proxy.ts";
import { version } from "../version.ts";

/** How the hosts of the sources are reached, from the settings and the proxy variables. */
export function httpSettingsOf(settings: Settings, io: Io, name?: SourceName): HttpSettings {
  const { env } = io;
  const timeoutMs = settings.timeout ?? 60_000;
  return {
    connections: typeof settings.transfers === "number" ? settings.transfers + 2 : 34,
    connectTimeoutMs: Math.min(timeoutMs, 15_000),
    timeoutMs,
    lowSpeed: { bytes: settings.lowSpeed ?? 100, overMs: settings.lowSpeedTime ?? 60_000 },
    userAgent: `callreel/${version()}`,
    ...(settings.caFile === undefined ? {} : { ca: readAuthorities(settings.caFile) }),
    ...(settings.insecure ? { insecure: true } : {}),
    ...(settings.tlsMinVersion === undefined ? {} : { minTlsVersion: tlsVersions[settings.tlsMinVersion] }),
    proxy: proxyOf(env),
    ...rulesOf(settings, name),
  };
}

/** Where a source's answers may lead: its own servers and the hosts that were named, and beyond them not into networks it is not in. */
function rulesOf(settings: Settings, name: SourceName | undefined): { addresses?: AddressRule } {
  const { server, mediaServer, timUrl, echoRewrite = [] } = settings;
  const hosts = (...urls: (string | undefined)[]) => urls.flatMap((url) => (url ? [new URL(url).hostname] : []));
  if (name === "tim" && timUrl !== undefined) {
    const named = echoRewrite.flatMap((pair) => hosts(`http://${pair.name}`, `http://${pair.value}`));
    return { addresses: { own: new URL(timUrl).hostname, named } };
  }
  if (name === "ringcentral" && server !== undefined) {
    return { addresses: { own: new URL(server).hostname, named: hosts(mediaServer) } };
  }
  return {};
}

const tlsVersions = { "1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3" } as const;

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new RecordingError("usage", `--ca-file: ${file} cannot be read.`, { cause: error });
  }
}
