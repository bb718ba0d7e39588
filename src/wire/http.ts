import { readFileSync } from "node:fs";
import type { Settings } from "../config.ts";
import { RecordingError } from "../core/errors.ts";
import type { HttpSettings } from "../http.ts";
import type { Io } from "../io.ts";
import { version } from "../version.ts";

/** How the hosts of the sources are reached, from the settings and the proxy variables. */
export function httpSettingsOf(settings: Settings, io: Io): HttpSettings {
  const { env } = io;
  const timeoutMs = settings.timeout ?? 60_000;
  const http = env.http_proxy ?? env.HTTP_PROXY;
  const https = env.https_proxy ?? env.HTTPS_PROXY;
  const none = env.no_proxy ?? env.NO_PROXY;
  return {
    connections: typeof settings.transfers === "number" ? settings.transfers + 2 : 34,
    connectTimeoutMs: Math.min(timeoutMs, 15_000),
    timeoutMs,
    lowSpeed: { bytes: settings.lowSpeed ?? 100, overMs: settings.lowSpeedTime ?? 60_000 },
    userAgent: `callreel/${version()}`,
    ...(settings.caFile === undefined ? {} : { ca: readAuthorities(settings.caFile) }),
    ...(settings.insecure ? { insecure: true } : {}),
    ...(settings.tlsMinVersion === undefined ? {} : { minTlsVersion: tlsVersions[settings.tlsMinVersion] }),
    proxy: {
      ...(http ? { http } : {}),
      ...(https ? { https } : {}),
      ...(none ? { none } : {}),
    },
  };
}

const tlsVersions = { "1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3" } as const;

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new RecordingError("usage", `--ca-file: ${file} cannot be read.`, { cause: error });
  }
}
