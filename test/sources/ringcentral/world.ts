import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DownloadEvent } from "../../../src/core/model/events.ts";
import type { Clock } from "../../../src/core/model/ports.ts";
import { type Http, openHttp } from "../../../src/http/client.ts";
import type { SandboxClock } from "../../../src/sandbox/clock.ts";
import type { RingCentralContext, RingCentralSettings } from "../../../src/sources/ringcentral/index.ts";
import type { IdleClock } from "../../helpers/idle-clock.ts";

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};

/** A clock whose sleeps end at once and move the time. */
export function leapingClock(
  startMs = Date.UTC(2026, 9, 15, 12),
): Clock & { slept: number[]; advance(ms: number): void } {
  let now = startMs;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    monotonic: () => now,
    advance(ms) {
      now += ms;
    },
    async sleep(ms, signal) {
      signal.throwIfAborted();
      slept.push(ms);
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      now += ms;
    },
  };
}

/** The clock of a server that shares time with its client: what the server is told to skip, the client does not. */
export function serverClock(shared: Clock): SandboxClock {
  let offset = 0;
  return {
    now: () => shared.now() + offset,
    advance(ms) {
      offset += ms;
    },
    set(ms) {
      offset = ms - shared.now();
    },
  };
}

/** A client whose requests hold the time. */
function holding(http: Http, clock: Clock): Http {
  if (!("during" in clock)) return http;
  const { during } = clock as IdleClock;
  return {
    request: (...call) => during(http.request(...call)),
    stream: (...call) => during(http.stream(...call)),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

/** Everything a RingCentral source needs, over real HTTP and a temporary state folder. */
export interface World extends AsyncDisposable {
  readonly settings: RingCentralSettings;
  readonly context: RingCentralContext;
  readonly events: DownloadEvent[];
  readonly http: Http;
  readonly stateDir: string;
}

export function openWorld(
  servers: { server: string; mediaServer: string },
  changes: Partial<RingCentralSettings> = {},
  clock: Clock = realClock,
): World {
  const stateDir = mkdtempSync(join(tmpdir(), "callreel-rc-"));
  const events: DownloadEvent[] = [];
  const settings = {
    connections: 16,
    connectTimeoutMs: 30_000,
    timeoutMs: 30_000,
    userAgent: "callreel-test",
  };
  const http = holding(openHttp(settings), clock);
  return {
    settings: {
      ...servers,
      clientId: "client",
      clientSecret: "secret",
      jwt: "e30.eyJzdWIiOiIxMDEifQ.x",
      stateDir,
      profile: "default",
      redirectPort: 0,
      ...changes,
    },
    context: { http, clock, random: Math.random, report: (event) => events.push(event) },
    events,
    http,
    stateDir,
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

export const never = new AbortController().signal;
